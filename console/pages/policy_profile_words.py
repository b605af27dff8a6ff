"""The fields of profile.yml in plain words, for the table beside the text; docs/policies.md tells more."""

from __future__ import annotations

FIELD_WORDS: dict[str, str] = {
    "name": "the company as people call it",
    "about": "what it does, in a few words",
    "aliases": "other names for it; questions are alike whichever of them they use",
    "current": "the version that lies in the folder; another one is taken in, not typed here",
    "effective": "the date from which the text holds, as in 2026-04-01",
    "contact": "the addresses that the policy names for questions",
    "regimes": "laws that the policy itself claims, whose clocks run: gdpr, uk_gdpr, ccpa, coppa, ferpa",
    "controller": "one sentence: who decides about the data",
    "referral": "somebody else whom the policy makes the one to ask: who, ask, clauses and more",
    "examples": "questions that the demo page suggests",
    "marks": "asides: lines that are no policy text; headings: lines that are headings; starts: where a clause begins",
    "clauses": "what each clause is about, by its id: topics (1 answers, 2 in part, 3 touches), denies, depends",
    "conditions": "topics on which the answer depends: what to ask, and each case with its clauses",
    "conflicts": "topics on which clauses contradict each other: sides, note",
    "help": "steps in plain words for a topic, and the clauses that are shown with it",
    "facts": "ages, periods and rights as they were read in the text; nothing is answered from them",
    "to_confirm": "what a program read or took out. Only confirming empties it: what is deleted here comes back",
}
