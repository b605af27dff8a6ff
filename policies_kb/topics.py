"""The closed vocabulary of topics: what a question or a clause can be about.

The names are those of OPP-115 (Wilson et al. 2016) with finer topics under them ("parent.child") and the
topics that OPP-115 lacks: device permissions, calls, legal basis, transfers, breaches, complaints and so on.
A question is given topics by what it asks, a clause by what it says; the answer is found where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class TopicText:
    """How a topic is spoken of.

    phrase:  completes "the policy does not say anything about …".
    meaning: for the people who label clauses and write questions; one line, with the borders to its neighbours.
    """

    phrase: str
    meaning: str


class Topic(str, Enum):
    """One topic. The value is the name used in files, in the NLU's labels and in replies to programs."""

    COLLECTION = "first_party_collection"
    CONTACT_DETAILS = "first_party_collection.contact_details"
    LOCATION = "first_party_collection.location"
    COOKIES = "first_party_collection.cookies"
    DEVICE_IDS = "first_party_collection.device_ids"
    PAYMENT = "first_party_collection.payment"
    USAGE = "first_party_collection.usage"
    PHONEBOOK = "first_party_collection.contacts_phonebook"
    MESSAGES = "first_party_collection.messages"
    CALLS = "first_party_collection.calls_recordings"
    USER_CONTENT = "first_party_collection.user_content"
    OTHER_SOURCES = "first_party_collection.other_sources"
    SENSITIVE = "first_party_collection.sensitive"
    REQUIRED = "first_party_collection.required"
    PURPOSE = "purpose"
    LEGAL_BASIS = "legal_basis"
    ADVERTISING = "advertising"
    AUTOMATED = "automated_decisions"
    SHARING = "third_party_sharing"
    SALE = "third_party_sharing.sale"
    PROVIDERS = "third_party_sharing.service_providers"
    LEGAL_DISCLOSURE = "third_party_sharing.legal_disclosure"
    BUSINESS_TRANSFER = "third_party_sharing.business_transfer"
    OTHER_USERS = "third_party_sharing.other_users"
    LINKS = "third_party_links"
    TRANSFER = "international_transfer"
    STORAGE_PLACE = "data_security.storage_place"
    SECURITY = "data_security"
    ENCRYPTION = "data_security.encryption"
    STAFF_ACCESS = "data_security.staff_access"
    ANONYMISED = "data_security.anonymised"
    ACCOUNTABILITY = "data_security.accountability"
    BREACH = "data_security.breach"
    RETENTION = "data_retention"
    RIGHTS = "access_edit_delete"
    DELETION = "access_edit_delete.deletion"
    ACCESS = "access_edit_delete.access"
    CORRECTION = "access_edit_delete.correction"
    PORTABILITY = "access_edit_delete.portability"
    OBJECTION = "access_edit_delete.restriction_objection"
    CHOICE = "user_choice"
    MARKETING = "user_choice.marketing"
    WITHDRAW = "user_choice.withdraw_consent"
    PERMISSIONS = "device_permissions"
    CHILDREN = "specific_audiences.children"
    CALIFORNIANS = "specific_audiences.californians"
    EUROPEANS = "specific_audiences.europeans"
    INSTITUTION = "specific_audiences.institution_users"
    CONTROLLER = "controller_role"
    CHANGE = "policy_change"
    SCOPE = "policy_scope"
    DO_NOT_TRACK = "do_not_track"
    CONTACT = "contact"
    COMPLAINT = "complaint"
    IDENTITY = "company_identity"
    CHAT = "chat_handling"

    @property
    def parent(self) -> "Topic | None":
        """The topic this one lies under, or None for a topic of the first level."""
        head, dot, _ = self.value.rpartition(".")
        return Topic(head) if dot and head in _VALUES else None

    @property
    def phrase(self) -> str:
        """The topic as it is spoken of in a reply."""
        return TOPIC_TEXTS[self].phrase

    @property
    def meaning(self) -> str:
        """The topic's definition, for labelling."""
        return TOPIC_TEXTS[self].meaning


_VALUES = frozenset(topic.value for topic in Topic)

TOPIC_TEXTS: dict[Topic, TopicText] = {
    Topic.COLLECTION: TopicText(
        "what personal data is collected",
        "Which data is collected at all, in general; what is known about me. Not one kind of data alone.",
    ),
    Topic.CONTACT_DETAILS: TopicText(
        "names, e-mail addresses and phone numbers",
        "Name, e-mail, phone, postal address, login and registration data being collected or needed for an account.",
    ),
    Topic.LOCATION: TopicText("location data", "GPS, precise or approximate position, where I am."),
    Topic.COOKIES: TopicText(
        "cookies and similar tracking",
        "Cookies, pixels, tracking technologies: which, what for, and how to block or delete them.",
    ),
    Topic.DEVICE_IDS: TopicText(
        "IP addresses, devices and technical logs",
        "IP address, device identifiers, browser, operating system, server logs, technical data.",
    ),
    Topic.PAYMENT: TopicText(
        "payment and billing data", "Card, bank and billing data: collected, kept, by whom processed."
    ),
    Topic.USAGE: TopicText(
        "tracking of what people do in the service",
        "Activity in the service: clicks, time spent, progress, scores, last seen, analytics, crash reports.",
    ),
    Topic.PHONEBOOK: TopicText("the phone's address book", "Address book, contacts upload, my friends' numbers."),
    Topic.MESSAGES: TopicText(
        "the content of messages",
        "Messages, chats, e-mails, posts: whether their content is kept, read, forwarded, deleted.",
    ),
    Topic.CALLS: TopicText(
        "recording of calls or video", "Audio and video calls, lessons: recorded, listened to, stored?"
    ),
    Topic.USER_CONTENT: TopicText(
        "photos, files and profile content", "Profile pictures, bio, uploads, files, notes, homework that I put in."
    ),
    Topic.OTHER_SOURCES: TopicText(
        "data obtained from other sources",
        "Data about me that comes from others: social login, partners, integrations, schools, data brokers.",
    ),
    Topic.SENSITIVE: TopicText(
        "health, biometric or other sensitive data",
        "Health, biometrics, fingerprints, face, religion, ethnicity, politics, sex life, genetic data.",
    ),
    Topic.REQUIRED: TopicText(
        "whether giving data is required",
        "Must I give this data? What happens if I refuse? Can I stay anonymous or use a nickname?",
    ),
    Topic.PURPOSE: TopicText("what data is used for", "Why data is collected, what it is used for."),
    Topic.LEGAL_BASIS: TopicText(
        "the legal basis for using data",
        "Consent, contract, legitimate interests, legal duty: by what right data is processed.",
    ),
    Topic.ADVERTISING: TopicText(
        "advertising", "Ads shown to me, targeted ads, ad networks, AdMob, Facebook Pixel; not marketing e-mails."
    ),
    Topic.AUTOMATED: TopicText(
        "automated decisions, profiling or AI",
        "Algorithms, AI, profiling, recommendations, personalisation, training models on my data.",
    ),
    Topic.SHARING: TopicText(
        "sharing data with third parties", "Who else gets data, in general; do you give or disclose it to others."
    ),
    Topic.SALE: TopicText("selling or renting data", "Selling, renting, trading, making money from data."),
    Topic.PROVIDERS: TopicText(
        "the service providers that handle data",
        "Processors, hosting, payment processors, video hosts, analytics tools; what they may do; how they are vetted.",
    ),
    Topic.LEGAL_DISCLOSURE: TopicText(
        "disclosing data to authorities", "Police, courts, government, subpoenas, legal claims."
    ),
    Topic.BUSINESS_TRANSFER: TopicText(
        "what happens to data if the company is sold", "Merger, acquisition, bankruptcy, sale of the business."
    ),
    Topic.OTHER_USERS: TopicText(
        "what other people in the service can see",
        "What teachers, instructors, classmates, contacts, other users or an employer see of me.",
    ),
    Topic.LINKS: TopicText(
        "other websites that are linked to", "Links to other sites, social buttons, who answers for their practices."
    ),
    Topic.TRANSFER: TopicText(
        "sending data to other countries", "Transfer across borders, outside my country or the EU/EEA."
    ),
    Topic.STORAGE_PLACE: TopicText(
        "where data is stored", "In which country, on which servers or clouds, or only on the device."
    ),
    Topic.SECURITY: TopicText(
        "how data is protected",
        "Protection in general: is it safe, firewalls, backups, two-factor login, how hackers are kept out.",
    ),
    Topic.ENCRYPTION: TopicText("encryption", "Encryption at rest, in transit, end to end; hashed passwords."),
    Topic.STAFF_ACCESS: TopicText(
        "which staff can see data", "Which employees or contractors may look at data; confidentiality duties."
    ),
    Topic.ANONYMISED: TopicText(
        "anonymised or aggregated data", "Anonymising, pseudonymising, aggregating, de-identifying data."
    ),
    Topic.ACCOUNTABILITY: TopicText(
        "staff training, audits or impact assessments",
        "How the company makes sure it keeps the rules: training, audits, impact assessments, records, officers.",
    ),
    Topic.BREACH: TopicText("data breaches", "What happens after a leak or hack; who is told, when."),
    Topic.RETENTION: TopicText(
        "how long data is kept",
        "How long anything is stored, when it is erased by itself, what stays after an account is deleted.",
    ),
    Topic.RIGHTS: TopicText(
        "people's rights over their data", "Which rights there are, how to exercise them, when they are limited."
    ),
    Topic.DELETION: TopicText(
        "deleting an account or data", "Erasing an account or data: is it possible, how, what is removed."
    ),
    Topic.ACCESS: TopicText("getting a copy of one's data", "Seeing or getting a copy of the data held about me."),
    Topic.CORRECTION: TopicText("correcting data", "Changing wrong or outdated data."),
    Topic.PORTABILITY: TopicText(
        "taking data to another service", "Exporting data in a usable format, moving it to another service."
    ),
    Topic.OBJECTION: TopicText(
        "objecting to or restricting the use of data", "Objecting to a use, having it limited or stopped."
    ),
    Topic.CHOICE: TopicText(
        "choices and privacy settings", "Settings, controls and opt-outs in general (not of marketing or cookies)."
    ),
    Topic.MARKETING: TopicText(
        "marketing messages and how to stop them",
        "Newsletters, promotional e-mail, notifications: are they sent, how to unsubscribe.",
    ),
    Topic.WITHDRAW: TopicText("withdrawing consent", "Taking back a permission or consent once given."),
    Topic.PERMISSIONS: TopicText(
        "access to the camera, microphone or other device functions",
        "Permissions of the device: camera, microphone, storage, notifications, contacts; when they are used.",
    ),
    Topic.CHILDREN: TopicText(
        "children's data", "Children, minors, pupils' parents: age limits, parental consent, parents' rights."
    ),
    Topic.CALIFORNIANS: TopicText("rights of people in California", "CCPA/CPRA, California residents."),
    Topic.EUROPEANS: TopicText("rights of people in Europe (GDPR)", "GDPR, EU, UK, EEA residents."),
    Topic.INSTITUTION: TopicText(
        "people who use the service through a school or employer",
        "Accounts under a school's or employer's licence: who decides, whom to ask.",
    ),
    Topic.CONTROLLER: TopicText(
        "who is responsible for the data (controller or processor)",
        "Who is controller or processor; who answers for clients' data that a customer uploads.",
    ),
    Topic.CHANGE: TopicText(
        "changes to the policy", "Whether, how and when the policy changes, how people hear of it; last updated."
    ),
    Topic.SCOPE: TopicText(
        "what the policy covers", "To which sites, apps, countries and people it applies; acceptance of it."
    ),
    Topic.DO_NOT_TRACK: TopicText("Do Not Track signals", "Do Not Track, Global Privacy Control browser signals."),
    Topic.CONTACT: TopicText("whom to contact", "E-mail, address, phone, data protection officer, support."),
    Topic.COMPLAINT: TopicText(
        "making a complaint", "Complaints to the company or to a supervisory authority, disputes."
    ),
    Topic.IDENTITY: TopicText("which company runs the service", "Legal name, owner, seat, what the company does."),
    Topic.CHAT: TopicText(
        "what happens to this conversation",
        "What this help chat itself records, analyses or keeps; chat widgets and help-desk tools.",
    ),
}

TOPIC_OF_RIGHT: dict[str, Topic] = {
    "access": Topic.ACCESS,
    "deletion": Topic.DELETION,
    "correction": Topic.CORRECTION,
    "portability": Topic.PORTABILITY,
    "restriction": Topic.OBJECTION,
    "objection": Topic.OBJECTION,
    "withdraw_consent": Topic.WITHDRAW,
    "marketing_opt_out": Topic.MARKETING,
    "sale_share_opt_out": Topic.SALE,
    "limit_sensitive": Topic.SENSITIVE,
    "parental_review": Topic.CHILDREN,
    "parental_delete": Topic.CHILDREN,
    "parental_stop_collection": Topic.CHILDREN,
    "complaint": Topic.COMPLAINT,
    "appeal": Topic.COMPLAINT,
}
"""What a policy is asked about a right, by the right's name. The requests themselves are not known here."""
