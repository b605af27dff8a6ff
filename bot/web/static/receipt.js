// The receipt of a request, and a letter to somebody else.

import { capitalised, icon, make, moment } from "./elements.js";
import { RIGHTS, STATUSES } from "./words.js";

const COPIED_FOR = 4000; // milliseconds that "Copied" is shown

export function receipt(request) {
  const isReferred = request.status === "referred";
  const facts = make("dl", { class: "receipt-facts" });
  const add = (name, ...value) => facts.append(make("div", {}, make("dt", {}, name), make("dd", {}, ...value)));
  add("Reference", make("code", {}, request.reference));
  add("You asked for", capitalised(request.rights.map(inWords(RIGHTS)).join(", ")));
  add("Received", moment(request.received, { dateStyle: "medium", timeStyle: "short" }));
  if (request.answer_by && !isReferred) {
    const day = moment(request.answer_by, { dateStyle: "medium", timeZone: "UTC" });
    add(request.is_target ? "Our target for the answer" : "Answer due by", day);
  }
  if (request.status) add("Status", capitalised(inWords(STATUSES)(request.status)));
  const head = make("h3", {}, icon(isReferred ? "open" : "receipt"), heading(request, isReferred));
  const made = make("section", { class: "receipt" }, head, facts);
  if (request.proof === "code_sent" && request.created !== false) made.append(codeLine());
  if (request.working?.length && !isReferred) made.append(working(request.working));
  return made;
}

function heading(request, isReferred) {
  if (isReferred) return "Noted: somebody else decides about this";
  return request.created === false ? "Already filed" : "Request filed";
}

/** A word this page does not know yet is shown without its underscores. */
function inWords(vocabulary) {
  return (word) => vocabulary[word] ?? word.replaceAll("_", " ");
}

function codeLine() {
  const words = make("span", {}, "A code is on its way to your mailbox. ");
  const mailbox = document.getElementById("demo-mail"); // there only where no mail is sent
  if (mailbox) {
    const link = mailbox.cloneNode(true);
    link.removeAttribute("id");
    link.firstChild.data = "Open the demo mailbox";
    words.append(link);
  }
  return make("p", { class: "receipt-code" }, icon("mail"), words);
}

function working(lines) {
  const steps = lines.map((line) => make("li", {}, line.replaceAll(" -> ", " → ")));
  return make("details", { class: "fold" }, make("summary", {}, "Why this date"), make("ul", { class: "working-out" }, ...steps));
}

/** A text to be copied and sent by the person. */
export function letter(text) {
  const copy = make("button", { type: "button", class: "button copy" }, icon("copy"), make("span", {}, "Copy"));
  const said = make("span", { class: "copied", role: "status" });
  const words = make("div", { class: "letter-text", tabindex: "0", role: "group", "aria-label": "Text of the letter" }, text);
  copy.addEventListener("click", async () => {
    said.textContent = (await copied(text, words)) ? "Copied" : "Marked: copy it with your keyboard or a long press";
    setTimeout(() => said.replaceChildren(), COPIED_FOR);
  });
  const bar = make("div", { class: "letter-bar" }, make("h3", {}, "A letter to copy and send"), said, copy);
  return make("section", { class: "letter" }, bar, words);
}

/** Whether the text is on the clipboard. Where a page may not write to it (plain http), the text is marked instead. */
async function copied(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return document.execCommand?.("copy") ?? false;
  }
}
