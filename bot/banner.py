"""What is said at the start: where everything is, and what does not work yet."""

from __future__ import annotations

from collections.abc import Sequence

from bot.settings import LOOPBACK, BotSettings
from policies_kb.knowledge import KnowledgeBase

MOST_NAMES = 12


def _telegram_line(settings: BotSettings) -> str:
    if settings.telegram is None:
        return "  Telegram            off (set TELEGRAM_BOT_TOKEN)"
    if settings.telegram.demo_port is not None:
        place = f"http://127.0.0.1:{settings.telegram.demo_port}/"
        return f"  Telegram, pretended {place} (set TELEGRAM_BOT_TOKEN for the real one)"
    return f"  Telegram            by {settings.telegram.mode}"


def _mail_line(settings: BotSettings) -> str:
    """Where mails go; without a mail server a code never reaches anybody, and the operator has to know."""
    if settings.mail is not None:
        return f"  Mail leaves by      {settings.mail.host}"
    if settings.host in LOOPBACK:
        return f"  Demo mailbox        {settings.base_url}/demo/mail (set PRIVACY_DESK_SMTP_HOST to send mail)"
    return f"  MAIL IS NOT SENT    codes lie in {settings.data / 'mail'}: set PRIVACY_DESK_SMTP_HOST"


def _policies_line(knowledge: KnowledgeBase, unpublished: Sequence[str]) -> str:
    """What is served, and what in the folder is not."""
    names = [knowledge.name_of(policy) for policy in knowledge.ids]
    listed = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    release = f"Release {knowledge.release}. " if knowledge.release else ""
    return "\n".join([f"  {release}Policies: {listed}.", *(f"  NOT SERVED: {line}" for line in unpublished)])


def banner(
    settings: BotSettings,
    knowledge: KnowledgeBase,
    seconds: float,
    console: str = "",
    unpublished: Sequence[str] = (),
) -> str:
    """Printed once the product is ready.

    seconds: that it took; console: what is to be said about it; unpublished: what in the folder is not served.
    """
    return f"""
Privacy Desk is ready ({seconds:.1f} s).

  Ask a policy        {settings.base_url}/
  Read a policy       {settings.base_url}/p/klasso
  On your own site    {settings.base_url}/demo/widget
{_telegram_line(settings)}
  API for programs    {settings.base_url}/docs
{_mail_line(settings)}
{console}

{_policies_line(knowledge, unpublished)}
  Try: "do you record calls?", "how do I delete my account?", "please delete my account";
  then see the request: .venv/bin/python -m tickets list

Ctrl-C stops it.
"""
