"""What is said at the start: where everything is, and what does not work yet."""

from __future__ import annotations

from bot.settings import LOOPBACK, BotSettings
from policies_kb.knowledge import KnowledgeBase


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


def banner(settings: BotSettings, knowledge: KnowledgeBase, seconds: float, console: str = "") -> str:
    """Printed once the product is ready. seconds: that it took; console: what is to be said about it."""
    names = ", ".join(knowledge.get(policy).profile.name for policy in knowledge.ids)
    return f"""
Privacy Desk is ready ({seconds:.1f} s).

  Ask a policy        {settings.base_url}/
  Read a policy       {settings.base_url}/p/klasso
  On your own site    {settings.base_url}/demo/widget
{_telegram_line(settings)}
  API for programs    {settings.base_url}/docs
{_mail_line(settings)}
{console}

  Policies: {names}.
  Try: "do you record calls?", "how do I delete my account?", "please delete my account";
  then see the request: .venv/bin/python -m tickets list

Ctrl-C stops it.
"""
