// An answer: its badge, the policy's own words by their part in it, then our help, marked as ours.

import { OF_DESK, OF_POLICY, capitalised, icon, make } from "./elements.js";
import { surroundings } from "./surroundings.js";
import { isTopic, t, term } from "./texts.js";

const KINDS = ["states", "denies", "conditional", "conflict", "silent"];
const MARK = /^([•▪◦‣·*–—−-]|\d{1,2}(?:\.\d{1,2})*[.)]|[a-z]\))\s+(?=\S)/;

export function badge(kind) {
  const known = knownKind(kind);
  return make("p", { class: `badge ${known}` }, icon(known), t(`badge.${known}`));
}

/** A kind that this page knows; any other says no more than that the policy says something. */
export const knownKind = (kind) => (KINDS.includes(kind) ? kind : "states");

/** One of several answers, under its topic and with its own badge. */
export function oneOfSeveral(answer) {
  const made = make("section", { class: "answer" });
  if (isTopic(answer.topic)) made.append(make("h3", {}, capitalised(term("topics", answer.topic))));
  made.append(badge(answer.kind));
  if (answer.condition) made.append(make("p", { class: "which", ...OF_DESK }, answer.condition));
  made.append(...answerParts(answer));
  return made;
}

/** The quotes by their part in the answer, then our own help, then what else the policy says. */
export function answerParts(answer) {
  const by = (role) => answer.quotes.filter((quote) => quote.role === role);
  const parts = by("answer").map((quote, index) => quotation(quote, index === 0 ? "first" : ""));
  parts.push(...answer.quotes.filter(isChange).map((quote) => quotation(quote, quote.role, t(`role.${quote.role}`))));
  const sides = by("against");
  if (sides.length) parts.push(sideBySide(sides));
  parts.push(...by("condition").map((quote) => quotation(quote, "case", quote.label, "conditional", OF_DESK)));
  parts.push(...by("exception").map((quote) => quotation(quote, "", t("role.exception"))));
  if (answer.steps?.length || answer.note) parts.push(plainWords(answer));
  parts.push(...by("related").map((quote) => quotation(quote, "related", t("role.related"), "silent")));
  const also = by("also");
  if (also.length) parts.push(folded(also));
  parts.push(pageLinks(answer));
  return parts;
}

export const isChange = ({ role }) => /^(before|now|added|removed)$/.test(role);

/** Ways to all changes, and to the answer as it was said. */
function pageLinks({ more, receipt }) {
  const links = [[more, t("quote.changes")], [receipt, t("quote.receipt")]].filter(([url]) => isOwnPage(url));
  return make("p", { class: "links" }, ...links.map(([url, words]) => pageLink(url, words)));
}

function pageLink(url, words) {
  const link = make("a", { href: address(url), target: "_blank", rel: "noopener" }, icon("open"), words);
  link.append(make("span", { class: "hush" }, ` ${t("link.new_tab")}`));
  return link;
}

function sideBySide(quotes) {
  const words = [t("role.one"), t("role.other")];
  const sides = quotes.map((quote, index) => quotation(quote, "side", words[Math.min(index, 1)], "conflict"));
  return make("div", { class: "sides" }, ...sides);
}

function folded(quotes) {
  const summary = make("summary", {}, t("role.also", { count: quotes.length }));
  return make("details", { class: "fold" }, summary, ...quotes.map((quote) => quotation(quote, "")));
}

function quotation(quote, look, label = "", sign = "", speech = {}) {
  const made = make("figure", { class: `quote ${look}`.trim(), dir: OF_POLICY.dir });
  if (label) made.append(make("p", { class: "label", ...speech }, sign ? icon(sign) : "", capitalised(label)));
  const words = make("blockquote", OF_POLICY);
  if (quote.lead_in) words.append(make("p", { class: "lead-in" }, quote.lead_in));
  words.append(...verbatim(quote));
  made.append(words, source(quote));
  return made;
}

function source(quote) {
  const section = quote.section ? make("cite", OF_POLICY, quote.section) : "";
  const made = make("figcaption", {}, section);
  if (isOwnPage(quote.url)) made.append(pageLink(quote.url, t("quote.read")));
  return made;
}

/** Links lead to pages of the desk only. */
export function isOwnPage(url) {
  return typeof url === "string" && /^\/(?![/\\])/.test(url);
}

export const address = (url) => surroundings.home + url;

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
  if (answer.steps?.length) {
    made.append(make("h3", {}, `${t("help.title")} `, make("small", {}, t("help.ours"))));
    made.append(make("ol", OF_DESK, ...answer.steps.map((step) => make("li", {}, step))));
    if (answer.note) made.append(make("p", OF_DESK, answer.note));
  } else {
    made.append(make("p", {}, make("b", {}, `${t("help.note")} `), make("span", OF_DESK, answer.note)));
  }
  return made;
}
