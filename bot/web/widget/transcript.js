// The conversation as plain text, to be kept by the person.

import { address, isChange, isOwnPage, knownKind } from "../static/answers.js";
import { capitalised, momentInWords } from "../static/elements.js";
import { DESK } from "../static/messages.js";
import { heading, rightsOf } from "../static/receipt.js";
import { t, term } from "../static/texts.js";
import { inBrief } from "./entries.js";

const TIME = { dateStyle: "medium", timeStyle: "short" };

export function transcript(state) {
  const said = state.entries.map((entry) => `[${momentInWords(entry.at, TIME)}] ${entryText(entry)}`);
  const { policy } = state;
  const head = policy ? [`${policy.name} · ${t("head.policy", { version: policy.version })}`, link(policy.url)] : [t("panel.title")];
  return [head.filter(Boolean).join("\n"), ...said].join("\n\n") + "\n";
}

function entryText(entry) {
  if (entry.who === "me") return `${t("said.by_you")} ${entry.text}`;
  if (entry.who === "team") return `${t("said.by_team")}: ${entry.text.trim()}`;
  try {
    return `${DESK} ${messageText(entry.message)}`;
  } catch {
    return `${DESK} ${inBrief(entry)}`;
  }
}

function messageText({ text, answer, more_answers: more = [], request, letter, closing }) {
  const answers = answer ? [answer, ...more] : [];
  const parts = [text, ...answers.map(answerText)];
  if (request) parts.push(requestText(request));
  if (letter) parts.push(`${t("letter.title")}:\n${letter}`);
  return [...parts, closing].filter(Boolean).join("\n\n");
}

function answerText({ kind, quotes, steps = [], note, condition, more }) {
  const parts = [[kind === "changes" ? "" : t(`badge.${knownKind(kind)}`), condition].filter(Boolean).join(": "), ...quotes.map(quoteText)];
  if (steps.length) parts.push([`${t("help.title")} ${t("help.ours")}`, ...steps.map((step, index) => `${index + 1}. ${step}`)].join("\n"));
  if (note) parts.push(`${t("help.note")} ${note}`);
  if (isOwnPage(more)) parts.push(`${t("quote.changes")}: ${address(more)}`);
  return parts.join("\n\n");
}

function quoteText(quote) {
  const { role, label, text, section, url } = quote;
  const head = role === "related" || role === "exception" || isChange(quote) ? t(`role.${role}`) : label;
  return [head && `${capitalised(head)}:`, `“${text}”`, section, link(url)].filter(Boolean).join("\n");
}

function requestText(request) {
  const lines = [heading(request, request.status === "referred"), `${t("receipt.reference")}: ${request.reference}`];
  lines.push(`${t("receipt.rights")}: ${rightsOf(request)}`);
  if (request.answer_by && request.status !== "referred") {
    const day = momentInWords(request.answer_by, { dateStyle: "medium", timeZone: "UTC" });
    lines.push(`${t(request.is_target ? "receipt.target" : "receipt.due")}: ${day}`);
  }
  if (request.status) lines.push(`${t("receipt.status")}: ${term("statuses", request.status)}`);
  return lines.join("\n");
}

const link = (url) => (isOwnPage(url) ? address(url) : "");

/** Give the text to the person as a file. */
export function saveAsFile(text, name, root) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  root.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
