// The chat on the front page: one conversation per policy, kept in this tab's session storage so that a reload keeps it.

import { deskMessage, icon, make, notice, ownMessage } from "./messages.js";

const LONGEST = 1000; // characters of one message
const COUNT_FROM = 800;
const PATIENCE = 20_000; // milliseconds until a request counts as failed
const KEPT = 200; // entries per conversation
const STORE = "privacy-desk";
const WORKING = "Looking it up in the policy…";

const at = (id) => document.getElementById(id);
const [log, working, offline, box, send, counter] = ["log", "working", "offline", "composer-text", "send", "counter"].map(at);
const composer = at("composer");
const radios = [...document.querySelectorAll('input[name="policy"]')];
const finePointer = matchMedia("(hover: hover) and (pointer: fine)");
const state = restored();

/** One conversation is {token, entries, waiting: ids of messages that are on their way}. */
function restored() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(STORE));
  } catch {
    // Storage is off or holds something else: start afresh.
  }
  const known = new Set(radios.map((radio) => radio.value));
  const chats = {};
  for (const [policy, chat] of Object.entries(kept?.chats ?? {})) {
    if (known.has(policy) && Array.isArray(chat?.entries)) chats[policy] = newChat(chat.token, chat.entries);
  }
  const asked = new URLSearchParams(location.search).get("policy");
  const policy = [asked, kept?.policy, radios[0]?.value].find((name) => known.has(name)) ?? "";
  return { policy, chats };
}

function newChat(token = "", entries = []) {
  return { token, entries, opening: null, trouble: "", busy: false };
}

function keep() {
  const chats = {};
  for (const [policy, chat] of Object.entries(state.chats)) {
    chats[policy] = { token: chat.token, entries: chat.entries.slice(-KEPT) };
  }
  try {
    sessionStorage.setItem(STORE, JSON.stringify({ policy: state.policy, chats }));
  } catch {
    // Full or forbidden: the chat works all the same, it is only not kept.
  }
}

const current = () => (state.chats[state.policy] ??= newChat());
const shown = (chat) => state.chats[state.policy] === chat;

// --- The API

class Failure extends Error {
  constructor(message, { code = "", canRetry = true } = {}) {
    super(message);
    this.code = code;
    this.canRetry = canRetry;
  }
}

async function call(path, body, token = "") {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  let data;
  try {
    const signal = AbortSignal.timeout?.(PATIENCE);
    response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal, credentials: "omit" });
    data = await response.json();
  } catch (error) {
    if (response && !response.ok) throw new Failure("The desk has a problem right now.");
    throw new Failure(error.name === "TimeoutError" ? "The desk took too long to answer." : "The desk could not be reached.");
  }
  if (response.ok) return data;
  const canRetry = response.status >= 500 || [401, 408, 429].includes(response.status);
  throw new Failure(data?.error?.message ?? "The desk has a problem right now.", { code: data?.error?.code, canRetry });
}

/** The conversation's token; the first time, the desk is asked for one and its welcome is shown. */
function opened(policy, chat) {
  if (chat.token) return Promise.resolve(chat.token);
  chat.opening ??= open(policy, chat).finally(() => (chat.opening = null));
  return chat.opening;
}

async function open(policy, chat) {
  const session = await call("/api/sessions", { policy });
  chat.token = session.token;
  chat.trouble = "";
  if (!chat.entries.some((entry) => entry.who === "desk")) {
    chat.entries.unshift(...session.messages.map((message) => ({ who: "desk", message, at: Date.now() })));
    if (shown(chat)) fill();
  }
  keep();
  return chat.token;
}

async function delivered(policy, chat, entry, again = true) {
  const body = entry.button ? { id: entry.id, button: entry.button } : { id: entry.id, text: entry.text };
  try {
    return await call("/api/messages", body, await opened(policy, chat));
  } catch (failure) {
    if (!["session_expired", "session_invalid"].includes(failure.code)) throw failure;
    chat.token = "";
    if (entry.button) {
      throw new Failure("That conversation has ended, and its buttons with it. Please type what you want.", { canRetry: false });
    }
    if (!again) throw failure;
    return delivered(policy, chat, entry, false);
  }
}

// --- Sending

function say(text, button = "") {
  const chat = current();
  if (chat.busy || !text.trim()) return;
  const entry = { who: "me", id: clientId(), text: text.trim(), button, at: Date.now(), state: "sending" };
  chat.entries.push(entry);
  deliver(state.policy, chat, entry);
  reveal(entry);
}

async function deliver(policy, chat, entry) {
  chat.busy = true;
  entry.state = "sending";
  showEntry(chat, entry);
  showBusy();
  try {
    const { replies } = await delivered(policy, chat, entry);
    entry.state = "sent";
    chat.entries.push(...replies.map((message) => ({ who: "desk", message, at: Date.now() })));
  } catch (failure) {
    entry.state = "failed";
    entry.error = failure.message;
    entry.canRetry = failure.canRetry ?? true;
  }
  chat.busy = false;
  keep();
  showEntry(chat, entry);
  if (!shown(chat)) return;
  addMissing(chat);
  showBusy();
  reveal(entry);
}

function clientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- The log. Each entry has one element; `drawn` finds it.

const drawn = new WeakMap();

function element(chat, entry) {
  const policy = state.policy;
  const made =
    entry.who === "me"
      ? ownMessage(entry, () => chat.busy || deliver(policy, chat, entry))
      : deskMessage(entry, (button) => say(button.title, button.token));
  drawn.get(entry)?.replaceWith(made);
  drawn.set(entry, made);
  return made;
}

function showEntry(chat, entry) {
  keep();
  if (!shown(chat)) return;
  const isNew = !drawn.get(entry)?.isConnected;
  const made = element(chat, entry);
  if (isNew) log.append(made);
}

function addMissing(chat) {
  for (const entry of chat.entries) if (!drawn.get(entry)?.isConnected) log.append(element(chat, entry));
  keepLatestReplies();
}

/** Only the latest reply can be answered with its buttons; older ones belong to steps that are over. */
function keepLatestReplies() {
  const says = [...log.querySelectorAll(".desk-says")];
  for (const said of says.slice(0, -1)) said.querySelector(".replies")?.remove();
}

/** The whole conversation anew; not read aloud. */
function fill() {
  const chat = current();
  log.setAttribute("aria-live", "off");
  log.replaceChildren(...chat.entries.map((entry) => element(chat, entry)));
  if (chat.trouble) log.append(notice(chat.trouble, start));
  keepLatestReplies();
  showBusy();
  setTimeout(() => log.setAttribute("aria-live", "polite"), 100);
}

function showBusy() {
  const { busy } = current();
  log.setAttribute("aria-busy", String(busy));
  if (busy && !working.firstChild) {
    working.append(make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), WORKING);
  }
  if (!busy) working.replaceChildren();
  for (const button of document.querySelectorAll(".chip, .log .button")) button.disabled = busy;
  showCount();
}

/** Scroll so that a message stands at the top and its answer can be read from its beginning. */
function reveal(entry) {
  const made = entry && drawn.get(entry);
  if (!made?.isConnected) return;
  if (getComputedStyle(log).overflowY === "auto") {
    log.scrollTop += made.getBoundingClientRect().top - log.getBoundingClientRect().top - 16;
  } else {
    const head = document.querySelector(".chat-head").getBoundingClientRect().height;
    window.scrollBy({ top: made.getBoundingClientRect().top - head - 12 });
  }
}

// --- The box

function showCount() {
  const length = box.value.trim().length;
  const over = length - LONGEST;
  counter.textContent =
    over > 0 ? `${over} characters too many` : length >= COUNT_FROM ? `${-over} characters left` : "";
  counter.classList.toggle("over", over > 0);
  box.toggleAttribute("aria-invalid", over > 0);
  send.disabled = !length || over > 0 || current().busy;
}

function fitBox() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
  showCount();
}

function submit() {
  if (send.disabled) return;
  const text = box.value;
  box.value = "";
  fitBox();
  say(text);
  box.focus();
}

// --- Which policy

function showPolicy() {
  const radio = radios.find((one) => one.value === state.policy);
  if (!radio) return;
  radio.checked = true;
  at("chat-name").textContent = radio.dataset.name;
  at("chat-version").textContent = `Privacy policy, version ${radio.dataset.version}`;
  at("chat-policy").href = radio.dataset.url;
  box.placeholder = `Ask about your data at ${radio.dataset.name}…`;
  let any = false;
  for (const chips of document.querySelectorAll(".chips")) {
    chips.hidden = chips.dataset.policy !== state.policy;
    any ||= !chips.hidden && chips.children.length > 0;
  }
  at("examples").hidden = !any;
}

function choose(policy) {
  state.policy = policy;
  history.replaceState(null, "", `?policy=${encodeURIComponent(policy)}`);
  keep();
  start();
}

/** Show the chosen policy's conversation, opening it if need be. */
async function start() {
  const { policy } = state;
  const chat = current();
  chat.trouble = "";
  showPolicy();
  fill();
  for (const entry of chat.entries) {
    if (entry.state === "sending" && !chat.busy) deliver(policy, chat, entry); // the page was left before the answer came
  }
  reveal(chat.entries.findLast?.((entry) => entry.who === "me"));
  try {
    await opened(policy, chat);
  } catch (failure) {
    chat.trouble = failure.message;
    if (shown(chat) && !chat.entries.length) fill();
  }
}

function startAfresh() {
  const filed = current().entries.some((entry) => entry.message?.request);
  const warning = "Your request stays filed, but this conversation and its reference will no longer be shown. Start a new chat?";
  if (filed && !window.confirm(warning)) return;
  state.chats[state.policy] = newChat();
  start();
  if (finePointer.matches) box.focus();
}

function showConnection() {
  offline.replaceChildren(...(navigator.onLine ? [] : [icon("alert"), "You are offline. You can read on; sending works again once you are connected."]));
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
box.addEventListener("input", fitBox);
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
at("picker").addEventListener("change", (event) => choose(event.target.value));
at("picker").addEventListener("submit", (event) => event.preventDefault());
at("examples").addEventListener("click", (event) => {
  const chip = event.target.closest(".chip");
  if (!chip) return;
  say(chip.textContent);
  if (finePointer.matches) box.focus();
});
at("chat-new").addEventListener("click", startAfresh);
addEventListener("online", showConnection);
addEventListener("offline", showConnection);

if (radios.length) {
  showConnection();
  start();
  fitBox();
}
