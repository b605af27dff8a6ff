"""What a bot calls to speak: messages, their changes, answers to pressed buttons, "typing…"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.channels.fake_telegram.formatting import checked_text
from bot.channels.fake_telegram.keyboards import checked_keyboard
from bot.channels.fake_telegram.links import checked_link
from bot.channels.fake_telegram.markup import parsed
from bot.channels.fake_telegram.parameters import Parameters
from bot.channels.fake_telegram.people import Answer, Chat, Message, Wire
from bot.channels.fake_telegram.refusals import bad_request, forbidden, too_many_requests
from bot.channels.fake_telegram.world import World

OLDEST_PRESS = timedelta(seconds=30)
LONGEST_NOTICE = 200  # characters
TYPING = timedelta(seconds=5)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
ACTIONS = frozenset(
    {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document"}
    | {"choose_sticker", "find_location", "record_video_note", "upload_video_note"}
)


def send_message(world: World, parameters: Parameters) -> Wire:
    """sendMessage."""
    chat = chat_to_write_in(world, parameters)
    text, entities = _text(world, parameters)
    keyboard = checked_keyboard(parameters.structure("reply_markup"), strict_urls=world.strict_urls)
    replied = _replied(chat, parameters)
    _count(world, chat)
    message = Message(world.next_message_id(), chat, None, world.pace.stamp(), text, entities, keyboard=keyboard)
    message.reply_to = replied
    chat.typing_until = None
    return world.keep(message).wire(world.bot)


def edit_text(world: World, parameters: Parameters) -> Wire:
    """editMessageText. A keyboard that is not given again is gone."""
    message = _own(world, parameters, "edit")
    text, entities = _text(world, parameters)
    keyboard = checked_keyboard(parameters.structure("reply_markup"), strict_urls=world.strict_urls)
    return _change(world, message, text, entities, keyboard)


def edit_keyboard(world: World, parameters: Parameters) -> Wire:
    """editMessageReplyMarkup."""
    message = _own(world, parameters, "edit")
    keyboard = checked_keyboard(parameters.structure("reply_markup"), strict_urls=world.strict_urls)
    return _change(world, message, message.text, message.entities, keyboard)


def delete(world: World, parameters: Parameters) -> bool:
    """deleteMessage: the bot's own, and in private chats also the person's."""
    chat = chat_to_write_in(world, parameters)
    message = chat.message(parameters.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if chat.is_group and message.author is not None:
        raise bad_request("message can't be deleted")
    chat.messages.remove(message)
    world.changed()
    return True


def answer_press(world: World, parameters: Parameters) -> bool:
    """answerCallbackQuery."""
    press = world.presses.get(parameters.text("callback_query_id"))
    if press is None or world.pace.now() - press.at > OLDEST_PRESS:
        raise bad_request(TOO_OLD)
    text = parameters.text("text")
    if len(text) > LONGEST_NOTICE:
        raise bad_request("MESSAGE_TOO_LONG")
    url = parameters.text("url")
    if url:
        checked_link(url, "URL", strict=world.strict_urls)
    press.answer = Answer(text, parameters.flag("show_alert"), url)
    world.changed()
    return True


def show_typing(world: World, parameters: Parameters) -> bool:
    """sendChatAction: shown for five seconds, or until a message arrives."""
    chat = chat_to_write_in(world, parameters)
    if parameters.text("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.typing_until = world.pace.now() + TYPING
    world.changed()
    return True


def chat_of(world: World, parameters: Parameters) -> Chat:
    """The chat that is meant. Raises Refusal for one that the bot has never heard of."""
    named = parameters.text("chat_id")
    if not named:
        raise bad_request("chat_id is empty")
    chat = world.chats.get(parameters.integer("chat_id"))
    if chat is None or not (chat.is_group or chat.members[0].has_met):
        raise bad_request("chat not found")
    return chat


def chat_to_write_in(world: World, parameters: Parameters) -> Chat:
    """The same, where the person lets the bot write."""
    chat = chat_of(world, parameters)
    if not chat.is_group and chat.members[0].has_blocked:
        raise forbidden("bot was blocked by the user")
    if not chat.is_group and not chat.members[0].has_started:
        raise forbidden("bot can't initiate conversation with a user")
    return chat


def _text(world: World, parameters: Parameters) -> tuple[str, list[Wire]]:
    text, mode = parameters.text("text"), parameters.text("parse_mode")
    if not mode:
        return checked_text(text, parameters.structure("entities"), strict_urls=world.strict_urls)
    plain, entities = parsed(text, mode)
    return checked_text(plain, entities, strict_urls=world.strict_urls)


def _replied(chat: Chat, parameters: Parameters) -> Message | None:
    """The message that is replied to. Raises Refusal for one that is not there, unless the bot allows it."""
    told: Any = parameters.structure("reply_parameters") or {}
    number = told.get("message_id") if isinstance(told, dict) else None
    number = number or parameters.integer("reply_to_message_id")
    if not number:
        return None
    message = chat.message(int(number))
    may_be_gone = told.get("allow_sending_without_reply") or parameters.flag("allow_sending_without_reply")
    if message is None and not may_be_gone:
        raise bad_request("message to be replied not found")
    return message


def _own(world: World, parameters: Parameters, purpose: str) -> Message:
    chat = chat_to_write_in(world, parameters)
    message = chat.message(parameters.integer("message_id"))
    if message is None:
        raise bad_request(f"message to {purpose} not found")
    if message.author is not None:
        raise bad_request("message can't be edited")
    return message


def _change(world: World, message: Message, text: str, entities: list[Wire], keyboard: list[list[Wire]]) -> Wire:
    if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
        raise bad_request(NOT_MODIFIED)
    _count(world, message.chat)
    message.text, message.entities, message.keyboard = text, entities, keyboard
    message.edited = world.pace.stamp()
    world.changed()
    return message.wire(world.bot)


def _count(world: World, chat: Chat) -> None:
    """Raises Refusal (429) for what goes beyond Telegram's rates."""
    if world.limits is None:
        return
    seconds = world.limits.take(chat.id, chat.is_group, world.pace.now())
    if seconds:
        raise too_many_requests(seconds)
