// Joins the widget's parts: what the person does goes to the conversation, what becomes of it is shown.

import { address, isOwnPage } from "../static/answers.js";
import { OF_DESK, icon, make } from "../static/elements.js";
import { notice } from "../static/messages.js";
import { surroundings } from "../static/surroundings.js";
import { speak, t } from "../static/texts.js";
import { createBox } from "./box.js";
import { speechOf } from "./languages.js";
import { createLog } from "./log.js";
import { dress, isPhone } from "./look.js";
import { createMenu } from "./menu.js";
import { warn } from "./options.js";
import { createParts, dots } from "./panel.js";
import { createTalk } from "./talk.js";
import { saveAsFile, transcript } from "./transcript.js";
import SHAPES from "../templates/_icons.html";

const TOLD_FOR = 6_000; // milliseconds that a word about the conversation is shown
const PATIENCE = 3_000; // milliseconds to find out whether the policy is known before the launcher is shown all the same

/** A promise of the widget: {open, close, forget, login}; of null, where the page names a policy that there is not. */
export async function createWidget(options) {
  if (!("adoptedStyleSheets" in document) || !window.HTMLDialogElement) return null; // a browser of before 2023
  Object.assign(surroundings, { home: options.home, shapes: SHAPES });
  speak(speechOf(options.language));
  const host = document.createElement("privacy-desk");
  const shadow = host.attachShadow({ mode: "open" });
  const speech = { lang: options.language, dir: options.language === "ar" ? "rtl" : "ltr" };
  const parts = createParts(speech, options.position);
  shadow.append(parts.root);
  document.body.append(host);
  const look = dress(shadow, parts.root, options);
  parts.root.hidden = true;
  const shell = createShell(options, host, parts, look);
  if (!(await shell.isKnown())) {
    host.remove();
    return null;
  }
  parts.root.hidden = false;
  shell.start();
  return shell;
}

function createShell(options, host, parts, look) {
  const { root, panel, launcher, box } = parts;
  let lastSaid = ""; // the entry that was said last in this tab: its reply is shown below it
  let trouble = "";
  const talk = createTalk(options, { changed, trouble: showTrouble, arrived, erased }, isShown);
  const log = createLog(parts.log, parts.list, parts.unread, { retry: talk.retry, press: (one) => say(one.title, { button: one.token }), vote: talk.vote });
  const menu = createMenu(parts, [
    { name: t("menu.copy"), sign: "copy", act: copy },
    { name: t("menu.save"), sign: "save", act: save },
    { name: t("menu.afresh"), sign: "new", act: askAfresh },
    { name: t("menu.forget"), sign: "erase", look: "erase", act: forget },
    { name: t("head.close"), sign: "close", act: close },
  ]);

  function isShown() {
    return panel.open && document.visibilityState === "visible";
  }

  // --- What becomes of the conversation

  function changed(state) {
    log.update(state.entries);
    showHead(state);
    showExamples(state);
    showBars(state);
    showCount(state);
  }

  function arrived(keys) {
    if (!keys.length || !panel.open) return;
    if (keys[0].startsWith(lastSaid.replace("me ", "desk ")) && lastSaid) log.reveal(lastSaid);
    else log.follow(keys[0]);
  }

  function erased() {
    tell(t("told.erased"));
  }

  function showTrouble(words) {
    trouble = words;
    showBars(talk.state);
  }

  function showHead({ policy }) {
    parts.title.textContent = options.title || policy?.name || t("panel.title");
    box.placeholder = policy ? t("box.placeholder", { name: policy.name }) : t("box.label");
    parts.policy.hidden = !policy || !isOwnPage(policy.url);
    if (parts.policy.hidden) return;
    parts.policy.href = address(policy.url);
    parts.policy.replaceChildren(t("head.policy", { version: policy.version }), make("span", { class: "hush" }, ` ${t("link.new_tab")}`));
  }

  function showExamples({ policy, entries }) {
    const examples = policy?.examples ?? [];
    const isWanted = examples.length > 0 && entries.length > 0 && entries.every((entry) => entry.to === "" && entry.message?.kind !== "forgotten");
    if (!isWanted) parts.examples.replaceChildren();
    else if (!parts.examples.firstChild) parts.examples.append(make("h3", {}, t("examples.title")), ...examples.map(chip));
  }

  function chip(words) {
    const made = make("button", { type: "button", class: "chip", ...OF_DESK }, words);
    made.addEventListener("click", () => {
      say(words);
      box.focus();
    });
    return made;
  }

  function showBars({ entries }) {
    const isOffline = !navigator.onLine;
    const isBusy = !isOffline && !trouble && entries.some((entry) => entry.state === "sending");
    const words = isOffline ? t("bar.offline") : trouble;
    if (parts.bar.textContent !== words) parts.bar.replaceChildren(...(words ? [icon("alert"), words] : []));
    if (isBusy === Boolean(parts.working.firstChild)) return;
    parts.working.replaceChildren(...(isBusy ? [dots(), t("working")] : []));
  }

  function showCount({ entries }) {
    const count = entries.filter((entry) => entry.isNew).length;
    const words = count ? t("launcher.unread", { count }) : "";
    parts.count.textContent = String(count);
    parts.count.hidden = !count;
    const name = [t("panel.title"), words].filter(Boolean).join(". ");
    launcher.setAttribute("aria-label", name);
    launcher.title = name;
    if (parts.live.textContent !== words) parts.live.textContent = words;
  }

  function tell(words) {
    parts.told.textContent = words;
    clearTimeout(tell.timer);
    tell.timer = setTimeout(() => parts.told.replaceChildren(), TOLD_FOR);
  }

  // --- What the person does

  function say(text, more) {
    lastSaid = talk.say(text, more);
    log.reveal(lastSaid);
  }

  async function open({ isQuiet = false } = {}) {
    if (!host.isConnected) document.body.append(host); // a page that redraws itself has dropped it
    if (panel.open) return;
    show();
    log.quietly(() => log.update(talk.state.entries));
    if (isQuiet && !isPhone.matches) root.getRootNode().activeElement?.blur(); // nobody has asked for it yet
    else box.focus();
    const { entries } = talk.state;
    const first = entries.find((entry) => entry.isNew) ?? entries.findLast((entry) => entry.who === "me");
    if (first) log.reveal(first.key);
    talk.seen();
    await begin();
  }

  async function begin() {
    parts.trouble.replaceChildren();
    const failure = await talk.begin();
    if (!failure) return;
    if (failure.status === 404 || failure.status === 403) warn(failure.text ?? "the desk does not know this page.");
    if (!talk.state.entries.length) parts.trouble.replaceChildren(notice(t("error.unreachable"), begin));
  }

  function show() {
    launcher.hidden = true;
    if (isPhone.matches) panel.showModal();
    else panel.show();
    look.lock(isPhone.matches);
  }

  function close() {
    if (!panel.open) return;
    panel.close();
    look.lock(false);
    launcher.hidden = false;
    launcher.focus();
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(transcript(talk.state));
      tell(t("letter.copied"));
    } catch {
      save(); // a page on plain http may not write to the clipboard
    }
  }

  function save() {
    saveAsFile(transcript(talk.state), `privacy-${options.policy}.txt`, root);
  }

  function forget() {
    const key = talk.forget();
    if (!key) return tell(t("told.erased"));
    lastSaid = key;
    log.reveal(key);
  }

  function askAfresh() {
    if (!talk.hasRequest) return afresh();
    const yes = make("button", { type: "button", class: "button strong" }, t("menu.afresh"));
    const no = make("button", { type: "button", class: "button" }, t("afresh.no"));
    const end = () => {
      parts.ask.hidden = true;
      box.focus();
    };
    yes.addEventListener("click", () => {
      end();
      afresh();
    });
    no.addEventListener("click", end);
    parts.ask.replaceChildren(make("p", { id: "ask" }, t("afresh.ask")), make("div", { class: "ask-bar" }, yes, no));
    parts.ask.hidden = false;
    no.focus();
  }

  async function afresh() {
    lastSaid = "";
    talk.afresh();
    box.focus();
    await begin();
  }

  function onKey(event) {
    event.stopPropagation(); // the page's own shortcuts are not for what is typed here
    if (event.type !== "keydown" || event.key !== "Escape" || !panel.open) return;
    event.preventDefault();
    if (menu.isOpen) menu.close();
    else if (!parts.ask.hidden) parts.ask.querySelector("button:last-child").click();
    else close();
  }

  async function isKnown() {
    if (talk.state.policy) return true;
    const late = new Promise((done) => setTimeout(done, PATIENCE, null));
    const found = await Promise.race([talk.policies().catch(() => null), late]);
    const ids = found?.policies?.map((policy) => policy.id);
    if (!ids || ids.includes(options.policy)) return true;
    warn(`it is not shown: there is no policy "${options.policy}" at ${options.home}. data-policy can be ${ids.join(", ")}.`);
    return false;
  }

  function start() {
    parts.note.hidden = options.language === "en";
    createBox(parts, say);
    launcher.addEventListener("click", () => open());
    parts.close.addEventListener("click", close);
    for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, onKey);
    panel.addEventListener("cancel", (event) => event.preventDefault());
    document.addEventListener("visibilitychange", () => isShown() && talk.seen());
    isPhone.addEventListener("change", () => {
      if (!panel.open) return;
      const focused = root.getRootNode().activeElement;
      panel.close();
      show();
      focused?.focus();
    });
    talk.start();
    if (options.open) open({ isQuiet: true });
  }

  return {
    isKnown, start, close,
    open: () => open(),
    forget: () => open().then(forget),
    login: (token) => {
      talk.login(typeof token === "string" ? token.trim() : "");
      if (panel.open) begin();
    },
  };
}
