// The box that is typed into: Enter sends, Shift and Enter begin a new line, and what is too long is not sent.

import { t } from "../static/texts.js";

const LONGEST = 1000; // characters of one message
const COUNT_FROM = 800;
const MOST_ROWS = 5; // where the browser cannot fit a box to its text

/** say(text): called with what is to be sent. */
export function createBox({ composer, box, send, counter }, say) {
  function show() {
    const { length } = box.value.trim();
    const over = length - LONGEST;
    const count = Math.abs(over);
    counter.textContent = over > 0 ? t("box.over", { count }) : length >= COUNT_FROM ? t("box.left", { count }) : "";
    counter.classList.toggle("over", over > 0);
    box.toggleAttribute("aria-invalid", over > 0);
    send.disabled = !length || over > 0;
    if (!CSS.supports("field-sizing", "content")) box.rows = Math.min(MOST_ROWS, box.value.split("\n").length);
  }

  function submit() {
    if (send.disabled) return;
    const text = box.value.trim();
    box.value = "";
    show();
    say(text);
    box.focus();
  }

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  show();
}
