"""What the channel itself says. What the dialogue says stands in domain.yml, what a policy says in the policy."""

from __future__ import annotations

from collections.abc import Mapping

CHOOSE = (
    "Hello. I am a machine that answers questions about the privacy policies of several companies by quoting them. "
    "Whose policy is it about? Choose one, then ask your question."
)
CHANGE = "This chat is about {company}. Whose policy should it be about from now on?"
ONLY_ONE = "I answer for {company} alone, so there is nothing to choose. What would you like to know?"
NOW_ABOUT = "This chat is now about {company}'s privacy policy. What would you like to know?"
ABOUT = "About {company}:"
ALSO_HERE = "Also in this chat (/policy goes there):\n"
GOES_ON = (
    "This chat is now about {company} again, and the request that you were opening goes on. "
    'Please answer the last question of it, or write "cancel".'
)
ASK_AGAIN = "If you asked something before, please ask it again."
STARTED = "What would you like to know about {company}'s privacy policy?"
IN_THIS_GROUP = "In this group I now answer about {company}'s privacy policy."
JOINED = (
    "Hello. I am a machine that quotes privacy policies. Here I answer questions about the policy, when you mention "
    "me or reply to me; I read nothing else. Anything personal, such as a request about your data, belongs in a "
    "private chat with me."
)
MACHINE = "I am a machine that answers by quoting {company}'s privacy policy."
IN_PRIVATE = (
    "That is better said in private, where nobody else reads along. I have kept nothing of it. "
    "Please write to me there."
)
OPEN_PRIVATE = "Write to me in private"
NO_TEXT = "I cannot look at {what}, and I have kept nothing of it. Please write it in words."
NO_CONTACT = (
    "I have not kept that contact card. If I need an address or a number for a request, I ask for it, and you type it."
)
EDITED = "I do not see what is changed in a message that was sent. Please send it again as a new message."
GONE = "That button is no longer valid. Please write what you would like."
SLOW_DOWN = (
    "You are writing faster than I can answer, so I have not read this one. Please wait a moment, then send it again."
)
CHOSEN = "› {title}"

DESCRIPTION = (
    "A machine that answers questions about a company's privacy policy by quoting it, and takes requests about your "
    "data to the support team. Contact data is kept encrypted, for requests alone. /privacy says what is kept, "
    "/forgetme erases it."
)
SHORT_DESCRIPTION = "Answers from the privacy policy, and takes requests about your data. A machine."

COMMANDS: Mapping[str, str] = {
    "start": "Begin",
    "policy": "Choose whose policy it is about",
    "delete": "Have your data deleted",
    "access": "Get a copy of your data",
    "status": "What became of your request",
    "cancel": "Stop, or take a request back",
    "mydata": "What this chat holds about you",
    "forgetme": "Erase this chat",
    "privacy": "How this bot treats your data",
    "human": "Ask a person",
    "help": "What I can do",
}
GROUP_COMMANDS = ("policy", "help")
"""Those whose answer may be read by everybody."""
