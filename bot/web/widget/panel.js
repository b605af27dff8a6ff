// The elements of the widget: the launcher and the panel with its head, log, bars and box.

import { icon, make } from "../static/elements.js";
import { t } from "../static/texts.js";

const button = (look, name, sign) => make("button", { type: "button", class: look, "aria-label": name, title: name }, icon(sign));

/** All of them by name. speech: {lang, dir} of the widget's own language. */
export function createParts(speech, position) {
  const launcher = button("launcher", t("panel.title"), "chat");
  launcher.setAttribute("aria-haspopup", "dialog");
  const count = make("span", { class: "count", "aria-hidden": "true", hidden: "" });
  launcher.append(count);
  const live = make("p", { class: "hush", role: "status" });
  const parts = { launcher, count, live, ...headParts(), ...logParts(), ...boxParts() };
  const { head, ask, log, below, working, bar, told, composer } = parts;
  parts.panel = make("dialog", { class: "panel", "aria-labelledby": "title" }, head, ask, log, below, working, bar, told, composer);
  const root = { class: `root ${position}`, role: "region", "aria-label": t("panel.title"), ...speech };
  parts.root = make("div", root, launcher, live, parts.panel);
  return parts;
}

function headParts() {
  const title = make("bdi");
  const policy = make("a", { target: "_blank", rel: "noopener", hidden: "" });
  const more = button("tool", t("head.menu"), "more");
  const close = button("tool", t("head.close"), "close");
  const menu = make("div", { class: "menu", id: "menu", role: "menu", "aria-label": t("head.menu"), hidden: "" });
  const ask = make("div", { class: "ask", role: "group", "aria-labelledby": "ask", hidden: "" });
  const head = make("div", { class: "head" }, make("div", { class: "head-title" }, make("h2", { id: "title" }, title), policy), more, close, menu);
  return { head, title, policy, more, close, menu, ask };
}

function logParts() {
  const note = make("p", { class: "note-line" }, t("note.language"));
  const list = make("div", { class: "list" });
  const examples = make("div", { class: "examples" });
  const trouble = make("div");
  const named = { class: "log", role: "log", "aria-live": "polite", "aria-label": t("log.label"), tabindex: "0" };
  const log = make("div", named, note, list, examples, trouble);
  const unread = make("button", { type: "button", class: "button strong unread", hidden: "" }, icon("send"), t("log.below"));
  return { log, note, list, examples, trouble, unread, below: make("div", { class: "below" }, unread) };
}

function boxParts() {
  const box = make("textarea", { id: "box", rows: "1", enterkeyhint: "send", dir: "auto", "aria-describedby": "counter", autocomplete: "off" });
  const send = make("button", { type: "submit", class: "send", "aria-label": t("box.send"), title: t("box.send") }, icon("send"));
  const counter = make("p", { class: "counter", id: "counter", "aria-live": "polite" });
  const label = make("label", { class: "hush", for: "box" }, t("box.label"));
  const composer = make("form", { class: "composer" }, label, box, send, counter);
  const working = make("p", { class: "working", role: "status" });
  const bar = make("p", { class: "bar", role: "status" });
  const told = make("p", { class: "told", role: "status" });
  return { composer, box, send, counter, working, bar, told };
}

export function dots() {
  return make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
}
