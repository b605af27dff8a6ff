"""A message of the web as it arrives, and a reply in the shape of the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from bot import api_models as api
from bot.desk import Reply
from bot.login import Login
from bot.sessions import Session


@dataclass(frozen=True)
class Arrived:
    """One message as it arrived. id: the client's; payload: of a button that was checked to be ours, else empty."""

    session: Session
    id: str
    text: str
    payload: str

    @property
    def key(self) -> str:
        """What makes it the same message when it comes again."""
        return f"{self.session.conversation}:{self.id}"

    def packed(self) -> str:
        """All of it, for the inbox, which seals it."""
        login = self.session.login
        vouched = [login.account, int(login.until.timestamp())] if login else None
        parts = [self.session.conversation, self.session.policy, vouched, self.id, self.text, self.payload]
        return json.dumps(parts)

    @classmethod
    def of(cls, packed: str) -> "Arrived":
        """What was packed."""
        conversation, policy, vouched, name, text, payload = json.loads(packed)
        login = Login(vouched[0], datetime.fromtimestamp(vouched[1], timezone.utc)) if vouched else None
        return cls(Session(conversation, policy, login), name, text, payload)


def message_of(reply: Reply, name: str, token_of: Callable[[str], str]) -> api.MessageModel:
    """A reply in the shape of the API. token_of: signs a button's payload."""
    return api.MessageModel(
        id=name,
        text=reply.text,
        answer=api.AnswerModel(**reply.answer) if reply.answer else None,
        more_answers=[api.AnswerModel(**answer) for answer in reply.more_answers],
        request=api.RequestModel(**reply.request) if reply.request else None,
        letter=reply.letter,
        closing=reply.closing,
        kind=reply.kind,
        buttons=[api.ButtonModel(title=button.title, token=token_of(button.payload)) for button in reply.buttons],
    )
