"""The shapes of the JSON API, as they appear under /docs. Fields are named by hand: nothing else leaves."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, StrictStr


class PolicyModel(BaseModel):
    """One policy that can be asked about."""

    id: str
    name: str
    about: str
    version: str
    url: str
    examples: list[str] = []


class PoliciesModel(BaseModel):
    """All policies."""

    policies: list[PolicyModel]


class QuoteModel(BaseModel):
    """A passage of the policy, byte for byte. start and end are character offsets into its source text."""

    clause: str
    section: str
    text: str
    items: list[str] = []
    lead_in: str = ""
    start: int
    end: int
    policy: str
    version: str
    url: str
    role: str = Field(
        description="answer, condition, exception, against, also, or related (which is NOT an answer); "
        "where changes are told: before, now, added or removed"
    )
    label: str = ""


class AnswerModel(BaseModel):
    """What the policy says."""

    kind: str = Field(description="states, denies, conditional, conflict or silent; changes where two versions differ")
    topic: str
    quotes: list[QuoteModel]
    steps: list[str] = []
    note: str = ""
    condition: str = ""
    more: str = Field(default="", description="of changes: the path of the page that shows all of them")
    release: int = Field(default=0, description="the release that answered; 0 outside a release")
    receipt: str = Field(default="", description="the path at which this answer can be opened again, as it was said")


class RequestModel(BaseModel):
    """A request that was filed."""

    reference: str
    rights: list[str]
    received: str
    status: str
    answer_by: str
    working: list[str] = Field(default=[], description="why that date: each rule with its steps")
    is_target: bool
    proof: str = Field(default="", description="not_needed, code_sent, by_staff, or later (too many mails today)")
    created: bool


class ButtonModel(BaseModel):
    """A button. token is sent back as "button"; it works in this conversation only."""

    title: str
    token: str


class MessageModel(BaseModel):
    """One message to the person."""

    id: str
    text: str
    answer: AnswerModel | None = None
    more_answers: list[AnswerModel] = []
    request: RequestModel | None = None
    letter: str = Field(default="", description="a text to copy and send to somebody else")
    closing: str = Field(default="", description="what is said after the quotes and the letter")
    buttons: list[ButtonModel] = []
    kind: str = Field(
        default="", description='"forgotten": the conversation is erased; drop what the client keeps of it'
    )


class OpenSessionModel(BaseModel):
    """Which policy the conversation is about. resume: the token of a conversation to go on with."""

    policy: StrictStr = Field(max_length=60)
    login: StrictStr | None = Field(default=None, max_length=2_000, description="see docs/widget.md")
    resume: StrictStr | None = Field(default=None, max_length=1_000)


class SessionModel(BaseModel):
    """A new conversation. token goes into the header "Authorization: Bearer …"."""

    token: str
    policy: PolicyModel
    messages: list[MessageModel]
    resumed: bool = Field(default=False, description="whether it goes on with the conversation that was named")
    logged_in: bool = Field(
        default=False, description="whether the company's site vouches for an account of this person"
    )


class SendModel(BaseModel):
    """A message: a text, or a button that was pressed. id: the client's own, the same when it tries again."""

    id: StrictStr = Field(min_length=1, max_length=64, regex=r"^[A-Za-z0-9_-]+$")
    text: StrictStr | None = Field(default=None, max_length=20_000)
    button: StrictStr | None = Field(default=None, max_length=1_000)


class VoteModel(BaseModel):
    """Whether an answer was right. message: the id of the question."""

    message: StrictStr = Field(min_length=1, max_length=64, regex=r"^[A-Za-z0-9_-]+$")
    right: bool
    reason: Literal["wrong_passage", "not_my_question", "incomplete", "hard_to_read", "other"] | None = None
    note: StrictStr | None = Field(default=None, max_length=500)


class RepliesModel(BaseModel):
    """The reply to one message; the same again for the same id."""

    id: str
    replies: list[MessageModel]


class NewsModel(BaseModel):
    """What the support team wrote, or what became of a request."""

    sequence: int
    at: str
    text: str


class FeedModel(BaseModel):
    """News of this conversation. next: what to ask for next time, as "after"."""

    messages: list[NewsModel]
    next: int


class ErrorModel(BaseModel):
    """What went wrong: a code for programs, a sentence for people."""

    code: str
    message: str


class ErrorsModel(BaseModel):
    """The body of every error."""

    error: ErrorModel
