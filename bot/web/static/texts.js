// The texts around the messages. Both chats take them from here: the front page in English, the widget in its language.

import { RIGHTS, STATUSES, TOPICS } from "./words.js";

export const ENGLISH = {
  "badge.states": "The policy says",
  "badge.denies": "No, the policy says it does not",
  "badge.conditional": "It depends",
  "badge.conflict": "The policy contradicts itself",
  "badge.silent": "The policy does not say",
  "role.exception": "To be read with it",
  "role.related": "Related, but not an answer",
  "role.before": "Before",
  "role.now": "Now",
  "role.added": "Added",
  "role.removed": "Removed",
  "role.one": "One passage",
  "role.other": "Another passage",
  "role.also": "Also in the policy ({count})",
  "quote.read": "Read it in the policy",
  "quote.changes": "All changes",
  "quote.receipt": "This answer, as it was said",
  "link.new_tab": "(opens in a new tab)",
  "help.title": "In plain words",
  "help.ours": "(our help, not the policy's text)",
  "help.note": "Our note, not the policy's text:",
  "receipt.filed": "Request filed",
  "receipt.before": "Already filed",
  "receipt.referred": "Noted: somebody else decides about this",
  "receipt.reference": "Reference",
  "receipt.rights": "You asked for",
  "receipt.received": "Received",
  "receipt.due": "Answer due by",
  "receipt.target": "Our target for the answer",
  "receipt.status": "Status",
  "receipt.code": "A code is on its way to your mailbox.",
  "receipt.why": "Why this date",
  "letter.title": "A letter to copy and send",
  "letter.copy": "Copy",
  "letter.copied": "Copied",
  "letter.marked": "Marked: copy it with your keyboard or a long press",
  "said.by_you": "You wrote:",
  "said.by_team": "From the support team",
  "retry": "Try again",
};

let speech = { locale: "en-GB", texts: ENGLISH, rights: RIGHTS, statuses: STATUSES, topics: TOPICS };

/** Speak another language from now on; other: its locale, texts, rights, statuses and topics. */
export function speak(other) {
  speech = other;
}

/** A text by its key. {name} gives way to the value of that name, {name|one|many} to the form that goes with it. */
export function t(key, values = {}) {
  const put = (whole, name, one, many) => many ? (values[name] === 1 ? one : many) : (values[name] ?? whole).toLocaleString(speech.locale);
  return speech.texts[key].replace(/\{(\w+)(?:\|([^|]+)\|([^}]+))?\}/g, put);
}

/** A word of a vocabulary (rights, statuses, topics); one that is not known yet is shown without its underscores. */
export const term = (vocabulary, word) => speech[vocabulary][word] ?? word.replaceAll("_", " ");
export const isTopic = (word) => word in speech.topics;
/** Words one after the other, with the comma of the language. */
export const listed = (words) => new Intl.ListFormat(speech.locale, { type: "unit", style: "short" }).format(words);
export const locale = () => speech.locale;
