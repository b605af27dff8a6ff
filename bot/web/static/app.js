// The chat on the front page: sending, the box, and which policy's conversation is on show.

import { Failure, get, post } from "./api.js";
import { addReplies, begin, forget, keep, newChat, restored } from "./chats.js";
import { icon, make } from "./elements.js";
import { createLog } from "./log.js";
import { watchNews } from "./news.js";
import { surroundings } from "./surroundings.js";

const LONGEST = 1000; // characters of one message
const COUNT_FROM = 800;
const WORKING = "Looking it up in the policy…";

const at = (id) => document.getElementById(id);
const [working, offline, box, send, counter] = ["working", "offline", "composer-text", "send", "counter"].map(at);
const composer = at("composer");
const radios = [...document.querySelectorAll('input[name="policy"]')];
const finePointer = matchMedia("(hover: hover) and (pointer: fine)");
const state = restored(new Set(radios.map((radio) => radio.value)));

const current = () => (state.chats[state.policy] ??= newChat());
const shown = (chat) => state.chats[state.policy] === chat;
const policyOf = (chat) => Object.keys(state.chats).find((policy) => state.chats[policy] === chat);

surroundings.demoMail = () => {
  const link = at("demo-mail")?.cloneNode(true); // there only where no mail is sent
  link?.removeAttribute("id");
  if (link) link.firstChild.data = "Open the demo mailbox";
  return link ?? null;
};

const log = createLog(at("log"), at("unread"), {
  retry: (chat, entry) => chat.busy || deliver(policyOf(chat), chat, entry),
  press: (button) => say(button.title, button.token),
  start: () => start(),
});
const news = watchNews({
  onShow: current,
  ask: (chat) => get(`/api/messages?after=${chat.after}`, chat.token),
  onNews: showNews,
  onOver(chat) {
    chat.hasRequest = false;
    keep(state);
  },
});

// --- Sending

/** The conversation's token; the first time, the desk is asked for one and its welcome is shown. */
function opened(policy, chat) {
  if (chat.token) return Promise.resolve(chat.token);
  chat.opening ??= open(policy, chat).finally(() => (chat.opening = null));
  return chat.opening;
}

async function open(policy, chat) {
  const session = await post("/api/sessions", { policy });
  begin(chat, session.token);
  if (!chat.entries.some((entry) => entry.who === "desk")) {
    chat.entries.unshift(...session.messages.map((message) => ({ who: "desk", message, at: Date.now() })));
    if (shown(chat)) fill();
  }
  keep(state);
  return chat.token;
}

async function delivered(policy, chat, entry, again = true) {
  const body = entry.button ? { id: entry.id, button: entry.button } : { id: entry.id, text: entry.text };
  try {
    return await post("/api/messages", body, await opened(policy, chat));
  } catch (failure) {
    if (!failure.isOver) throw failure;
    chat.token = "";
    if (entry.button) {
      throw new Failure("That conversation has ended, and its buttons with it. Please type what you want.", { canRetry: false });
    }
    if (!again) throw failure;
    return delivered(policy, chat, entry, false);
  }
}

function say(text, button = "") {
  const chat = current();
  if (chat.busy || !text.trim()) return;
  const entry = { who: "me", id: clientId(), text: text.trim(), button, at: Date.now(), state: "sending" };
  chat.entries.push(entry);
  deliver(state.policy, chat, entry);
  log.reveal(entry);
}

async function deliver(policy, chat, entry) {
  chat.busy = true;
  entry.state = "sending";
  if (shown(chat)) log.show(chat, entry);
  keep(state);
  showBusy();
  try {
    const { replies } = await delivered(policy, chat, entry);
    entry.state = "sent";
    take(chat, replies);
  } catch (failure) {
    entry.state = "failed";
    entry.error = failure.message;
    entry.canRetry = failure.canRetry ?? true;
  }
  chat.busy = false;
  keep(state);
  if (!shown(chat)) return;
  if (chat.entries.includes(entry)) log.show(chat, entry);
  log.update(chat);
  showBusy();
  log.reveal(entry);
  news.wait();
}

function take(chat, replies) {
  const last = replies.at(-1);
  if (last?.kind === "forgotten") forget(chat, last);
  else addReplies(chat, replies);
}

function showNews(chat, entries) {
  keep(state);
  if (!shown(chat)) return;
  log.update(chat);
  log.follow(entries[0]);
}

function clientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fill() {
  log.fill(current());
  showBusy();
}

function showBusy() {
  const { busy } = current();
  at("log").setAttribute("aria-busy", String(busy));
  if (busy && !working.firstChild) {
    working.append(make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), WORKING);
  }
  if (!busy) working.replaceChildren();
  for (const button of document.querySelectorAll(".chip, .log .button:not(.copy)")) button.disabled = busy;
  showCount();
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
  keep(state);
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
  log.reveal(chat.entries.findLast?.((entry) => entry.who === "me"));
  news.look();
  if (chat.entries.length) return; // without a token (after "forget me", say), the next message opens a conversation
  try {
    await opened(policy, chat);
  } catch (failure) {
    chat.trouble = failure.message;
    if (shown(chat) && !chat.entries.length) fill();
  }
}

function startAfresh() {
  const warning =
    "Your request stays filed. But its reference will no longer be shown here, and neither will what the support team " +
    "writes about it. Start a new chat?";
  if (current().hasRequest && !window.confirm(warning)) return;
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
