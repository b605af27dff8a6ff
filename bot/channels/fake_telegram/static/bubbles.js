// Messages as bubbles, drawn anew only where something changed.

import { drawn, link, make } from "./entities.js";

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SHOWN = { photo: "A photo", voice: "A voice message", contact: "A telephone number" };
const NEAR = 80; // pixels from the end within which new messages scroll into view

/** Draws a chat's messages. actions: command, open, press(message, index), reply(message), edit(message). */
export class Log {
  constructor(element, actions) {
    this.element = element;
    this.actions = actions;
    this.chat = null;
    this.shown = new Map();
  }

  /** Draws what is new. Gives whether the end was in view, so that it can be kept there. */
  show(chat, pressed) {
    const isOther = this.chat !== chat.id;
    if (isOther) {
      this.element.replaceChildren();
      this.shown.clear();
      this.chat = chat.id;
    }
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const wasAtEnd = isOther || scrollHeight - scrollTop - clientHeight < NEAR;
    const present = new Set(chat.messages.map((message) => message.id));
    for (const [id, { element }] of this.shown) {
      if (present.has(id)) continue;
      element.remove();
      this.shown.delete(id);
    }
    chat.messages.forEach((message) => this.#place(chat, message, pressed));
    if (wasAtEnd) this.toEnd();
    return wasAtEnd;
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  #place(chat, message, pressed) {
    const waiting = pressed.get(message.id) ?? -1;
    const signature = JSON.stringify([message, waiting, chat.is_group]);
    const known = this.shown.get(message.id);
    if (known?.signature === signature) return;
    const element = this.#bubble(chat, message, waiting);
    if (known) known.element.replaceWith(element);
    else this.element.append(element);
    this.shown.set(message.id, { signature, element });
  }

  #bubble(chat, message, waiting) {
    const isBot = message.from === null;
    const words = make("div", { class: "words" });
    if (message.reply_to) words.append(make("p", { class: "replied" }, message.reply_to.text || "a message"));
    words.append(...drawn(message.text, message.entities, this.actions), ...other(message.content));
    words.append(this.#foot(chat, message, isBot));
    const name = chat.is_group ? make("p", { class: "name" }, isBot ? "the bot" : message.name) : null;
    const bubble = make("div", { class: "bubble" }, name, words);
    const side = isBot ? "theirs" : "mine";
    return make("article", { class: `entry ${side}`, "data-message": message.id }, bubble, this.#keyboard(message, waiting));
  }

  #foot(chat, message, isBot) {
    const time = TIME.format(new Date(message.date * 1000));
    const foot = make("p", { class: "foot" }, make("span", {}, message.edited ? `edited ${time}` : time));
    const button = (title, run) => {
      const made = make("button", { type: "button", class: "small" }, title);
      made.addEventListener("click", run);
      foot.prepend(made);
    };
    if (isBot && chat.is_group) button("Reply", () => this.actions.reply(message));
    if (!isBot && message.text) button("Edit", () => this.actions.edit(message));
    return foot;
  }

  #keyboard(message, waiting) {
    if (!message.buttons.length) return null;
    const keyboard = make("div", { class: "keyboard", role: "group", "aria-label": "Buttons" });
    let index = 0;
    for (const row of message.buttons) {
      keyboard.append(make("div", { class: "row" }, ...row.map((button) => this.#button(message, button, index++, waiting))));
    }
    return keyboard;
  }

  #button(message, button, index, waiting) {
    if (button.url) {
      const made = link(button.url, [button.text, make("span", { "aria-hidden": "true" }, " ↗")], this.actions);
      made.classList.add("key");
      return made;
    }
    const made = make("button", { type: "button", class: "key" }, button.text);
    if (waiting === index) made.setAttribute("aria-busy", "true");
    made.addEventListener("click", () => this.actions.press(message, index));
    return made;
  }
}

function other(content) {
  const kinds = Object.keys(content).filter((name) => name !== "caption");
  const shown = kinds.map((kind) => make("p", { class: "thing" }, SHOWN[kind] ?? kind));
  return content.caption ? [...shown, content.caption] : shown;
}
