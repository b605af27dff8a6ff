// Messages as elements. Whatever comes from the server or from a person goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const BADGES = {
  states: "The policy says",
  denies: "No, the policy says it does not",
  conditional: "It depends",
  conflict: "The policy contradicts itself",
  silent: "The policy does not say",
};
const ON_RIGHT = "What the policy itself says about this";
const SILENT_ON_RIGHT = "The policy itself does not say anything about this";
const RIGHTS = {
  access: "A copy of your data",
  deletion: "Deletion",
  correction: "Correction",
  portability: "Your data in a portable format",
  restriction: "Restriction of processing",
  objection: "Objection to processing",
  withdraw_consent: "Withdrawal of consent",
  marketing_opt_out: "No more marketing",
  sale_share_opt_out: "No sale or sharing",
  limit_sensitive: "Limited use of sensitive data",
  parental_review: "A parent's review",
  parental_delete: "Deletion for a parent",
  question: "An answer from a person",
};
const MARK = /^([•▪◦‣·*–—−-]|\d{1,2}(?:\.\d{1,2})*[.)]|[a-z]\))\s+(?=\S)/;

/** An element. attributes: set one by one; children: elements or plain text. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

export function icon(name) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("class", "icon");
  made.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  made.append(use);
  return made;
}

/** What the person sent, with its state: sending, sent or failed. onRetry: sends it again under the same id. */
export function ownMessage(entry, onRetry) {
  const made = make(
    "article",
    { class: `entry me ${entry.state}`, "data-id": entry.id },
    make("span", { class: "hush" }, "You wrote:"),
    make("p", { class: "bubble" }, entry.text),
  );
  if (entry.state !== "failed") {
    made.append(clock(entry.at));
    return made;
  }
  const failure = make("div", { class: "failure" }, icon("alert"), make("p", {}, entry.error));
  if (entry.canRetry) {
    const again = make("button", { type: "button", class: "button" }, "Try again");
    again.addEventListener("click", onRetry);
    failure.append(again);
  }
  made.append(failure);
  return made;
}

/** What the desk says. onPress: called with a button of the message. */
export function deskMessage(entry, onPress) {
  const { text, answer, request, buttons } = entry.message;
  const made = make("article", { class: "entry desk-says" }, make("span", { class: "hush" }, "Privacy Desk:"));
  const body = make("div", { class: answer || request ? "bubble rich" : "bubble" });
  if (answer && !request) body.append(badge(answer.kind));
  body.append(make("p", { class: "lead" }, text));
  if (request) body.append(receipt(request));
  if (answer && request) body.append(aboutRight(answer));
  if (answer) body.append(...answerParts(answer));
  made.append(body);
  if (buttons?.length) made.append(quickReplies(buttons, onPress));
  made.append(clock(entry.at));
  return made;
}

/** A line of the page itself in the conversation, with a way to try again. */
export function notice(text, onRetry) {
  const again = make("button", { type: "button", class: "button" }, "Try again");
  again.addEventListener("click", onRetry);
  return make("div", { class: "notice failure" }, icon("alert"), make("p", {}, text), again);
}

function badge(kind) {
  const known = kind in BADGES ? kind : "states";
  return make("p", { class: `badge ${known}` }, icon(known), BADGES[known]);
}

function aboutRight(answer) {
  const silent = answer.kind === "silent";
  const made = make("div", { class: "about-right" }, make("h3", {}, silent ? SILENT_ON_RIGHT : ON_RIGHT));
  if (answer.condition) made.append(make("p", {}, `It depends. ${answer.condition}`));
  return made;
}

/** The quotes by their part in the answer, then our own help, then what else the policy says. */
function answerParts(answer) {
  const by = (...roles) => answer.quotes.filter((quote) => roles.includes(quote.role));
  const parts = by("answer").map((quote, index) => quotation(quote, index === 0 ? "first" : ""));
  const sides = by("against");
  if (sides.length) parts.push(sideBySide(sides));
  parts.push(...by("condition").map((quote) => quotation(quote, "case", quote.label, "conditional")));
  parts.push(...by("exception").map((quote) => quotation(quote, "", "To be read with it")));
  if (answer.steps.length || answer.note) parts.push(plainWords(answer));
  parts.push(...by("related").map((quote) => quotation(quote, "related", "Related, but not an answer", "silent")));
  const also = by("also");
  if (also.length) parts.push(folded(also));
  return parts;
}

function sideBySide(quotes) {
  const words = ["One passage", "Another passage"];
  const sides = quotes.map((quote, index) => quotation(quote, "side", words[Math.min(index, 1)], "conflict"));
  return make("div", { class: "sides" }, ...sides);
}

function folded(quotes) {
  const summary = make("summary", {}, `Also in the policy (${quotes.length})`);
  return make("details", { class: "also" }, summary, ...quotes.map((quote) => quotation(quote, "")));
}

function quotation(quote, look, label = "", sign = "") {
  const made = make("figure", { class: `quote ${look}`.trim() });
  if (label) made.append(make("p", { class: "label" }, sign ? icon(sign) : "", label[0].toUpperCase() + label.slice(1)));
  const words = make("blockquote");
  if (quote.lead_in) words.append(make("p", { class: "lead-in" }, quote.lead_in));
  words.append(...verbatim(quote));
  made.append(words, source(quote));
  return made;
}

function source(quote) {
  const section = quote.section ? make("cite", {}, quote.section) : "";
  const made = make("figcaption", {}, section);
  if (!isOwnPage(quote.url)) return made;
  const link = make("a", { href: quote.url, target: "_blank", rel: "noopener" }, icon("open"), "Read it in the policy");
  link.append(make("span", { class: "hush" }, " (opens in a new tab)"));
  made.append(link);
  return made;
}

/** Links lead to pages of this site only. */
function isOwnPage(url) {
  return typeof url === "string" && /^\/(?![/\\])/.test(url);
}

/** The quote's own characters in their order; its list items become a list, its bullets hang in the margin. */
function verbatim(quote) {
  const blocks = [];
  let list = null;
  let at = 0;
  for (const item of quote.items ?? []) {
    const found = quote.text.indexOf(item, at);
    if (found < 0) continue;
    const between = quote.text.slice(at, found).trim();
    const isMark = MARK.test(`${between} x`) && !/\s/.test(between);
    if (between && !isMark) {
      list = null;
      blocks.push(...paragraphs(withoutMark(between)));
    }
    if (!list) blocks.push((list = make("ul", { class: "items" })));
    const mark = isMark ? between : markAtEnd(between);
    list.append(line("li", mark ? `${mark} ${item}` : item));
    at = found + item.length;
  }
  return [...blocks, ...paragraphs(quote.text.slice(at))];
}

/** "Some words:\n-" ends with the mark of the item that follows it. */
function markAtEnd(between) {
  const last = between.split(/\s+/).at(-1);
  return last !== between && MARK.test(`${last} x`) ? last : "";
}

function withoutMark(between) {
  const mark = markAtEnd(between);
  return mark ? between.slice(0, -mark.length) : between;
}

function paragraphs(text) {
  return text.trim() ? [line("p", text.trim())] : [];
}

function line(tag, text) {
  const marked = MARK.exec(text);
  if (!marked) return make(tag, {}, text);
  return make(tag, { class: "marked" }, make("span", { class: "mark" }, marked[1]), ` ${text.slice(marked[0].length)}`);
}

function plainWords(answer) {
  const made = make("section", { class: "plain" });
  if (answer.steps.length) {
    made.append(make("h3", {}, "In plain words ", make("small", {}, "(our help, not the policy's text)")));
    made.append(make("ol", {}, ...answer.steps.map((step) => make("li", {}, step))));
    if (answer.note) made.append(make("p", {}, answer.note));
  } else {
    made.append(make("p", {}, make("b", {}, "Our note, not the policy's text: "), answer.note));
  }
  return made;
}

function receipt(request) {
  const head = request.created === false ? "Already filed" : "Request filed";
  const asked = request.rights.map((right) => RIGHTS[right] ?? right.replaceAll("_", " ")).join(", ");
  const made = make("dl", { class: "receipt-facts" });
  const add = (name, ...value) => made.append(make("div", {}, make("dt", {}, name), make("dd", {}, ...value)));
  add("Reference", make("code", {}, request.reference));
  add("You asked for", asked);
  add("Received", moment(request.received, { dateStyle: "medium", timeStyle: "short" }));
  if (request.answer_by) {
    const day = moment(request.answer_by, { dateStyle: "medium", timeZone: "UTC" });
    add(request.is_target ? "Our target for the answer" : "Answer due by", day);
  }
  if (request.status) add("Status", request.status.replaceAll("_", " "));
  return make("section", { class: "receipt" }, make("h3", {}, icon("receipt"), head), made);
}

function quickReplies(buttons, onPress) {
  const made = make("div", { class: "replies" });
  for (const button of buttons) {
    const pressed = make("button", { type: "button", class: "button reply" }, button.title);
    pressed.addEventListener("click", () => onPress(button));
    made.append(pressed);
  }
  return made;
}

function clock(at) {
  const made = moment(new Date(at).toISOString(), { timeStyle: "short" });
  made.className = "at";
  return made;
}

function moment(stamp, style) {
  const date = new Date(stamp);
  const words = Number.isNaN(date.getTime()) ? String(stamp) : new Intl.DateTimeFormat("en-GB", style).format(date);
  return make("time", { datetime: String(stamp) }, words);
}
