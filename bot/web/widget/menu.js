// The menu of the panel: arrows move in it, Esc and a click beside it close it.

import { icon, make } from "../static/elements.js";

/** items: [{name, sign, look, act}]. Gives isOpen and close(). */
export function createMenu({ root, more, menu }, items) {
  more.setAttribute("aria-haspopup", "menu");
  more.setAttribute("aria-controls", "menu");
  const buttons = items.map(({ name, sign, look = "", act }) => {
    const made = make("button", { type: "button", role: "menuitem", tabindex: "-1", class: look }, icon(sign), name);
    made.addEventListener("click", () => {
      close();
      act();
    });
    return made;
  });
  menu.append(...buttons);

  function show(isOpen) {
    menu.hidden = !isOpen;
    more.setAttribute("aria-expanded", String(isOpen));
  }

  /** The focus goes back to where it came from. */
  function close() {
    if (menu.hidden) return;
    show(false);
    more.focus();
  }

  more.addEventListener("click", () => {
    show(menu.hidden);
    if (!menu.hidden) buttons[0].focus();
  });
  menu.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(menu.getRootNode().activeElement);
    const places = { ArrowDown: at + 1, ArrowUp: at - 1 + buttons.length, Home: 0, End: buttons.length - 1 };
    if (event.key === "Tab") show(false);
    if (!(event.key in places)) return;
    event.preventDefault();
    buttons[places[event.key] % buttons.length].focus();
  });
  root.addEventListener("pointerdown", (event) => {
    if (!menu.hidden && !event.composedPath().some((one) => one === menu || one === more)) show(false);
  });
  show(false);
  return { close, get isOpen() { return !menu.hidden; } };
}
