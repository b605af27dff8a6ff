// The receipt of a request, and a letter to somebody else.

import { OF_DESK, OF_PEOPLE, capitalised, icon, make, moment } from "./elements.js";
import { surroundings } from "./surroundings.js";
import { listed, t, term } from "./texts.js";

const COPIED_FOR = 4000; // milliseconds that "Copied" is shown

export function receipt(request) {
  const isReferred = request.status === "referred";
  const facts = make("dl", { class: "receipt-facts" });
  const add = (name, ...value) => facts.append(make("div", {}, make("dt", {}, name), make("dd", {}, ...value)));
  add(t("receipt.reference"), make("code", { dir: "ltr" }, request.reference));
  add(t("receipt.rights"), capitalised(rightsOf(request)));
  add(t("receipt.received"), moment(request.received, { dateStyle: "medium", timeStyle: "short" }));
  if (request.answer_by && !isReferred) {
    const day = moment(request.answer_by, { dateStyle: "medium", timeZone: "UTC" });
    add(t(request.is_target ? "receipt.target" : "receipt.due"), day);
  }
  if (request.status) add(t("receipt.status"), capitalised(term("statuses", request.status)));
  const head = make("h3", {}, icon(isReferred ? "open" : "receipt"), heading(request, isReferred));
  const made = make("section", { class: "receipt" }, head, facts);
  if (request.proof === "code_sent" && request.created !== false) made.append(codeLine());
  if (request.working?.length && !isReferred) made.append(working(request.working));
  return made;
}

export const rightsOf = ({ rights = [] }) => listed(rights.map((right) => term("rights", right)));

export function heading(request, isReferred) {
  if (isReferred) return t("receipt.referred");
  return t(request.created === false ? "receipt.before" : "receipt.filed");
}

function codeLine() {
  const words = make("span", {}, `${t("receipt.code")} `);
  const mailbox = surroundings.demoMail(); // there only where no mail is sent
  if (mailbox) words.append(mailbox);
  return make("p", { class: "receipt-code" }, icon("mail"), words);
}

function working(lines) {
  const steps = lines.map((line) => make("li", OF_DESK, line.replaceAll(" -> ", " → ")));
  return make("details", { class: "fold" }, make("summary", {}, t("receipt.why")), make("ul", { class: "working-out" }, ...steps));
}

/** A text to be copied and sent by the person. */
export function letter(text) {
  const copy = make("button", { type: "button", class: "button copy" }, icon("copy"), make("span", {}, t("letter.copy")));
  const said = make("span", { class: "copied", role: "status" });
  const named = { class: "letter-text", tabindex: "0", role: "group", "aria-label": t("letter.title") };
  const words = make("div", { ...named, ...OF_PEOPLE }, text);
  copy.addEventListener("click", async () => {
    said.textContent = t((await copied(text, words)) ? "letter.copied" : "letter.marked");
    setTimeout(() => said.replaceChildren(), COPIED_FOR);
  });
  const bar = make("div", { class: "letter-bar" }, make("h3", {}, t("letter.title")), said, copy);
  return make("section", { class: "letter" }, bar, words);
}

/** Whether the text is on the clipboard. Where a page may not write to it (plain http), the text is marked instead. */
export async function copied(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return document.execCommand?.("copy") ?? false;
  }
}
