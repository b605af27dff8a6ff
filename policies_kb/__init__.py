"""Policy text -> versions, clauses, topics, search and answers.

This package is usable without the assistant: no SQL, no network, no clock, no environment. Values come in, values go
out. Where to look: `topics` (vocabulary), `segment` (text to clauses), `compiler` (clauses to a reviewed, committed
file), `lint` and `ledger` (what the policy contradicts and what it leaves out), `ranking` and `answering` (a
question's answer).
"""
