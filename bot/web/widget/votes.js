// "Was this right?" under an answer of the policy; after a no, what was wrong with it.

import { icon, make } from "../static/elements.js";
import { t } from "../static/texts.js";

const REASONS = ["wrong_passage", "not_my_question", "incomplete", "hard_to_read", "other"];
const LONGEST = 500; // characters of a note

/** key: of the answer's entry; given: the verdict so far, or undefined; cast(verdict): a promise that it is kept. */
export function voteRow(key, given, cast) {
  const row = make("div", { class: "vote", role: "group", "aria-label": t("vote.question") });
  const told = make("p", { class: "vote-told", role: "status" });
  if (given) row.append(thanks());
  else row.append(question(), told);
  return row;

  async function tried(verdict, next) {
    told.textContent = "";
    for (const button of row.querySelectorAll("button")) button.disabled = true;
    try {
      await cast(verdict);
      next();
    } catch {
      told.replaceChildren(t("error.unreachable"));
      for (const button of row.querySelectorAll("button")) button.disabled = false;
    }
  }

  function question() {
    const yes = choice("yes", t("vote.yes"), () => tried({ right: true }, end));
    const no = choice("close", t("vote.no"), () => tried({ right: false }, askWhy));
    return make("div", { class: "vote-bar" }, make("span", {}, t("vote.question")), yes, no);
  }

  function choice(sign, words, onClick) {
    const made = make("button", { type: "button", class: "button vote-choice" }, icon(sign), words);
    made.addEventListener("click", onClick);
    return made;
  }

  function askWhy() {
    const name = `why ${key}`;
    const options = REASONS.map((reason) => {
      const radio = make("input", { type: "radio", name, value: reason });
      return make("label", { class: "why" }, radio, t(`vote.${reason}`));
    });
    const note = make("textarea", { rows: "2", maxlength: String(LONGEST), dir: "auto" });
    const send = make("button", { type: "submit", class: "button" }, t("box.send"));
    const legend = make("legend", {}, t("vote.why"));
    const label = make("label", { class: "note" }, t("vote.note"), note);
    const form = make("form", { class: "vote-form" }, make("fieldset", {}, legend, ...options), label, send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = form.querySelector("input:checked")?.value ?? "other";
      const words = note.value.trim();
      tried({ right: false, reason, ...(words && { note: words }) }, end);
    });
    row.replaceChildren(form, told);
    form.querySelector("input").focus();
  }

  function end() {
    row.replaceChildren(told);
    told.replaceChildren(icon("yes"), t("vote.thanks"));
  }

  function thanks() {
    told.append(icon("yes"), t("vote.thanks"));
    return told;
  }
}
