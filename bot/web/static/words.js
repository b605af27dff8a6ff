// The words of the vocabularies, as in tickets/words.py and policies_kb/topics.py; a test compares them.

export const RIGHTS = {
  access: "a copy of your data",
  deletion: "deletion",
  correction: "correction",
  portability: "your data in a portable form",
  restriction: "restricting the use of your data",
  objection: "objection",
  withdraw_consent: "withdrawing consent",
  marketing_opt_out: "no more marketing",
  sale_share_opt_out: "no sale or sharing of your data",
  limit_sensitive: "limiting the use of sensitive data",
  parental_review: "seeing your child's data",
  parental_delete: "deleting your child's data",
  parental_stop_collection: "no more collection of your child's data",
  complaint: "complaint",
  appeal: "appeal",
  question: "question for the support team",
};

export const STATUSES = {
  received: "received",
  unverified: "waiting until it is settled that the account is yours",
  verified: "accepted, waiting to be worked on",
  in_progress: "being worked on",
  awaiting_requester: "waiting for your answer to a question",
  awaiting_controller: "waiting for the company that decides about the data",
  fulfilled: "done",
  partly_fulfilled: "done in part",
  denied: "refused",
  withdrawn: "withdrawn",
  duplicate: "closed, because another request covers the same",
  referred: "referred to the party that decides about the data",
  expired_unverified: "closed, because no proof came in time",
};

// Those that a right leads to: where one message answers on several, each is headed by its own.
export const TOPICS = {
  "access_edit_delete.access": "getting a copy of one's data",
  "access_edit_delete.deletion": "deleting an account or data",
  "access_edit_delete.correction": "correcting data",
  "access_edit_delete.portability": "taking data to another service",
  "access_edit_delete.restriction_objection": "objecting to or restricting the use of data",
  "user_choice.withdraw_consent": "withdrawing consent",
  "user_choice.marketing": "marketing messages and how to stop them",
  "third_party_sharing.sale": "selling or renting data",
  "first_party_collection.sensitive": "health, biometric or other sensitive data",
  "specific_audiences.children": "children's data",
  complaint: "making a complaint",
};
