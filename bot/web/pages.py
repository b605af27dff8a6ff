"""The public pages as HTML text: front page, a policy, stopping a request, the demo mailbox, the widget's demo.

Nothing here is written inline that a strict Content-Security-Policy would refuse: styles and scripts are files under
/static/. Only the front page and the widget's demo have a script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.web.environment import STATIC as STATIC
from bot.web.environment import TEMPLATES as TEMPLATES
from bot.web.environment import environment
from bot.web.mail_text import mail_view
from bot.web.policy_text import Heading, policy_blocks
from policies_kb.model import PolicyVersion
from policies_kb.profile import Profile
from tickets.vocabulary import OPEN, Status
from tickets.words import STATUS_WORDS, time_in_words, words_for

if TYPE_CHECKING:
    from tickets.mail import ReceivedMail
    from tickets.model import Summary

KEPT_DAYS = 30
WIDGET_LANGUAGES = {"en": "English", "uk": "Українська", "de": "Deutsch", "es": "Español", "ar": "العربية"}
MAIL_SECONDS = 5  # after which the demo mailbox is looked at again
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class PolicyCard:
    """What the front page shows of one policy, in the shape of GET /api/policies."""

    id: str
    name: str
    about: str
    version: str
    url: str
    examples: tuple[str, ...] = ()


class Pages:
    """Renders the pages. The templates are read from this package's directory when first used."""

    def __init__(self) -> None:
        """Prepare an environment that escapes everything and fails on a name it does not know."""
        self._templates = environment()

    def demo(
        self, policies: Sequence[PolicyCard], base_url: str, *, demo_mail: bool = False, kept_days: int = KEPT_DAYS
    ) -> str:
        """The front page.

        base_url: where it is reachable from outside, for its canonical link; may be empty.
        demo_mail: whether mails lie in the demo mailbox; kept_days: after which the server drops a conversation.
        """
        return self._templates.get_template("demo.html").render(
            policies=policies, base_url=base_url.rstrip("/"), demo_mail=demo_mail, kept_days=kept_days
        )

    def widget_demo(self, policies: Sequence[PolicyCard]) -> str:
        """A company's page with the widget on it, where its attributes can be tried out; its script is this site's."""
        return self._templates.get_template("widget_demo.html").render(policies=policies, languages=WIDGET_LANGUAGES)

    def policy(self, profile: Profile, version: PolicyVersion, versions: Sequence[str]) -> str:
        """One version of a policy as a page. versions: the names of all its versions, this one included."""
        blocks = policy_blocks(version)
        return self._templates.get_template("policy.html").render(
            profile=profile,
            version=version.version,
            blocks=blocks,
            headings=[block for block in blocks if isinstance(block, Heading)],
            others=[name for name in versions if name != version.version],
        )

    def mail(self, mails: "Sequence[ReceivedMail]", base_url: str = "") -> str:
        """The demo mailbox, mails as they are given. base_url: as in the mails; only links to it are links here."""
        views = [mail_view(mail, base_url) for mail in mails]
        return self._templates.get_template("mail.html").render(mails=views, seconds=MAIL_SECONDS)

    def stop(self, summary: "Summary | None", done: bool, base: str = "") -> str:
        """Stopping a request by the link of a mail. summary: None for a link that leads to no request.

        done: the button was pressed. base: where the front page is; empty if at the root of this host.
        """
        return self._templates.get_template("stop.html").render(
            summary=summary,
            state=_stop_state(summary, done),
            rights=words_for(summary.rights) if summary else "",
            received=time_in_words(summary.received) if summary else "",
            status=STATUS_WORDS[summary.status] if summary else "",
            home=f"{base.rstrip('/')}/",
        )


def _stop_state(summary: "Summary | None", done: bool) -> str:
    """What the page says. A request that was closed before the button was pressed has not been stopped by it."""
    if summary is None:
        return "unknown"
    if summary.status in OPEN:
        return "open"
    if summary.status is Status.WITHDRAWN:
        return "stopped" if done else "stopped_before"
    return "closed"
