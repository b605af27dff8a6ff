"""Reading a policy from the file that its owner has: text, Markdown, HTML, Word or PDF, or what was pasted.

`read_document` opens the file and lets a child process parse it that has little time, little memory, no environment
and no right to write (`reading`, `child`). Each kind has its reader: `plain`, `markdown`, `web_page`, `word`, `pdf`.
A reader gives blocks (`blocks`), which are laid out as lines that `policies_kb.segment` reads best. `policy_words`
says whether a text is a privacy policy at all.
"""

from policies_kb.documents.document import Document
from policies_kb.documents.policy_words import check_is_policy
from policies_kb.documents.reading import read_document, read_pasted

__all__ = ["Document", "check_is_policy", "read_document", "read_pasted"]
