// The pretend Telegram's page: chats on the left, the chosen one on the right. The server has the state; this draws it.

import { Log } from "./bubbles.js";
import { make } from "./entities.js";
import { act, follow } from "./server.js";

const PATIENCE = 30_000; // milliseconds until a button that the bot does not answer stops turning
const SHOWN_FOR = 4_000; // milliseconds of a short notice
const part = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);

let state = null;
let chosen = null; // a chat's number
let payload = query.get("start"); // of a deep link that has not been followed
let speaker = null; // who writes, in a group
let replying = null; // the bot's message that is replied to
let editing = null; // the own message that is changed
const pressed = new Map(); // message -> place of its button that waits for the bot
const presses = new Map(); // press -> message
const read = new Map(); // chat -> its last message that was seen
let typingTimer = 0;

const log = new Log(part("log"), {
  command: (words) => say(words),
  open: followDeepLink,
  press,
  reply: (message) => begin({ reply: message }),
  edit: (message) => begin({ edit: message }),
});

const chat = () => state?.chats.find((one) => one.id === chosen);

function show(fresh) {
  if (state && state.id !== fresh.id) read.clear();
  state = fresh;
  const [first] = state.chats.filter((one) => !one.is_group).sort((one, other) => one.title.localeCompare(other.title));
  if (!chat()) chosen = first?.id ?? null;
  if (payload !== null) part("app").dataset.view = "chat";
  settlePresses();
  draw();
}

function draw() {
  const present = chat();
  drawList();
  if (!present) return;
  if (part("app").dataset.view === "chat" || matchMedia("(min-width: 721px)").matches) {
    read.set(present.id, present.messages.at(-1)?.id ?? 0);
  }
  part("chat-title").textContent = present.is_group ? present.title : state.bot.first_name;
  part("chat-about").textContent = present.is_group
    ? `The bot sees what begins with / or names @${state.bot.username}, and replies to it.`
    : `bot · you are ${present.members[0].name}`;
  const wasAtEnd = log.show(present, pressed);
  drawEmpty(present);
  drawTyping(present);
  drawSpeakers(present);
  drawStart(present);
  if (wasAtEnd) log.toEnd(); // what stands below the messages may have taken room from them
}

function drawList() {
  const byNewest = [...state.chats].sort((one, other) => (other.messages.at(-1)?.id ?? 0) - (one.messages.at(-1)?.id ?? 0));
  const had = document.activeElement?.dataset?.chat;
  part("chats").replaceChildren(...byNewest.map(listed));
  if (had) part("chats").querySelector(`[data-chat="${had}"]`)?.focus();
  const waiting = state.waiting ? ` ${state.waiting} ${state.waiting === 1 ? "update waits" : "updates wait"} for it.` : "";
  part("state").textContent = state.is_heard ? waiting.trim() : `No bot has connected yet.${waiting}`;
}

function listed(one) {
  const last = one.messages.at(-1);
  const unread = one.messages.filter((message) => message.from === null && message.id > (read.get(one.id) ?? 0)).length;
  const button = make("button", { type: "button", class: "listed", "data-chat": one.id });
  if (one.id === chosen) button.setAttribute("aria-current", "true");
  const lines = make("span", { class: "lines" },
    make("b", {}, one.title),
    make("span", { class: "last" }, last ? last.text.slice(0, 90) || "…" : one.is_group ? "A group" : "Has not written yet"));
  button.append(make("span", { class: `face c${Math.abs(one.id) % 5}`, "aria-hidden": "true" }, initials(one)), lines);
  const badge = make("span", { class: "badge" }, String(unread), make("span", { class: "hush" }, " unread"));
  if (unread && one.id !== chosen) button.append(badge);
  button.addEventListener("click", () => choose(one.id));
  return make("li", {}, button);
}

const initials = (one) => (one.is_group ? one.members.map((person) => person.name[0]).join("").slice(0, 2) : one.title[0]);

/** What the bot says of itself, as long as nothing has been said. */
function drawEmpty(present) {
  part("log").querySelector(".empty")?.remove();
  if (present.messages.length) return;
  const about = state.bot.description || "Nothing has been said here. Press Start, as you would with a bot on Telegram.";
  part("log").append(make("div", { class: "empty" }, make("b", {}, "What can this bot do?"), make("p", {}, about)));
}

function drawTyping(present) {
  clearTimeout(typingTimer);
  part("typing").hidden = !present.typing_for;
  if (present.typing_for) typingTimer = setTimeout(() => (part("typing").hidden = true), present.typing_for * 1000);
}

function drawSpeakers(present) {
  const box = part("speakers");
  box.hidden = part("mention").hidden = !present.is_group;
  part("block").hidden = present.is_group || !present.has_started;
  part("block").textContent = present.has_blocked ? "Unblock" : "Block";
  if (!present.is_group) return;
  if (!present.members.some((one) => one.id === speaker)) speaker = present.members[0].id;
  if (box.dataset.chat === String(present.id)) return;
  box.dataset.chat = String(present.id);
  box.querySelectorAll("label").forEach((label) => label.remove());
  for (const one of present.members) {
    const input = make("input", { type: "radio", name: "speaker", value: one.id });
    input.checked = one.id === speaker;
    input.addEventListener("change", () => (speaker = one.id));
    box.append(make("label", {}, input, make("span", {}, one.name)));
  }
}

function drawStart(present) {
  const isNeeded = !present.is_group && (!present.has_started || payload !== null);
  part("start").hidden = !isNeeded;
  part("start").textContent = payload ? `Start (${payload})` : "Start";
  part("composer").hidden = isNeeded;
  part("menu").hidden = !present.commands.length;
  if (isNeeded) part("things").hidden = part("commands").hidden = true;
}

function choose(id) {
  chosen = id;
  begin({});
  part("app").dataset.view = "chat";
  part("commands").hidden = part("things").hidden = true;
  draw();
  const field = part("start").hidden ? part("text") : part("start");
  if (matchMedia("(min-width: 721px)").matches) field.focus();
}

/** Prepare a reply or a change, or neither. */
function begin({ reply = null, edit = null }) {
  replying = reply;
  editing = edit;
  const about = reply ?? edit;
  part("replying").hidden = !about;
  if (!about) return;
  part("replying").querySelector("p").textContent = `${reply ? "Reply to" : "Change"}: ${about.text.slice(0, 80)}`;
  if (edit) part("text").value = edit.text;
  part("text").focus();
}

async function attempt(run) {
  try {
    return await run();
  } catch (error) {
    notice(error.message);
    return undefined;
  }
}

/** Sends a text; true if it went. */
async function say(text) {
  const present = chat();
  const sent = await attempt(async () => {
    if (editing) await act("edit", { message_id: editing.id, text });
    else if (present.is_group) {
      const fields = { group: present.id, person: speaker, text, mention: false };
      if (replying) fields.reply_to_bot = replying.id;
      await act("say_in_group", fields);
    } else await act("say", { chat: present.id, text });
    return true;
  });
  if (sent) begin({});
  log.toEnd();
  return Boolean(sent);
}

async function press(message, index) {
  const fields = { message_id: message.id, button: index };
  if (chat().is_group) fields.person = speaker;
  pressed.set(message.id, index);
  log.show(chat(), pressed);
  const id = await attempt(() => act("press", fields));
  if (!id) return stopTurning(message.id);
  presses.set(id, message.id);
  setTimeout(() => presses.delete(id) && stopTurning(message.id), PATIENCE);
  return settlePresses();
}

function settlePresses() {
  for (const one of state.chats.flatMap((any) => any.presses)) {
    if (!one.answer || !presses.delete(one.id)) continue;
    stopTurning(one.message);
    const { text, is_alert: isAlert, url } = one.answer;
    if (url) followDeepLink(url);
    if (text && isAlert) alertWith(text);
    else if (text) notice(text);
  }
}

function stopTurning(message) {
  pressed.delete(message);
  if (chat()) log.show(chat(), pressed);
}

/** An address of the bot itself, with a start payload, leads to the private chat of who speaks. True if it was one. */
function followDeepLink(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  const name = url?.hostname === "t.me" ? url.pathname.slice(1) : url?.protocol === "tg:" ? url.searchParams.get("domain") : "";
  if (!name || name.toLowerCase() !== state.bot.username.toLowerCase()) return false;
  const person = chat()?.is_group ? speaker : chosen;
  payload = url.searchParams.get("start") ?? "";
  choose(person);
  return true;
}

function notice(text) {
  part("toast").textContent = text;
  part("toast").hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => (part("toast").hidden = true), SHOWN_FOR);
}

function alertWith(text) {
  part("alert").querySelector("p").textContent = text;
  part("alert").showModal();
}

function showCommands(prefix) {
  const known = (chat()?.commands ?? []).filter((one) => `/${one.command}`.startsWith(prefix));
  part("commands").replaceChildren(...known.map((one) => {
    const made = make("button", { type: "button" }, make("b", {}, `/${one.command}`), make("span", {}, one.description));
    made.addEventListener("click", async () => {
      closeCommands();
      part("text").value = "";
      await say(chat().is_group ? `/${one.command}@${state.bot.username}` : `/${one.command}`);
      part("text").focus();
    });
    return made;
  }));
  part("commands").hidden = !known.length;
  part("menu").setAttribute("aria-expanded", String(known.length > 0));
}

function closeCommands() {
  part("commands").hidden = true;
  part("menu").setAttribute("aria-expanded", "false");
}

async function submit(event) {
  event?.preventDefault();
  const text = part("text").value.trim();
  if (!text) return;
  closeCommands();
  if (await say(text)) part("text").value = "";
  fit();
}

function fit() {
  part("text").style.height = "auto";
  part("text").style.height = `${Math.min(part("text").scrollHeight, 160)}px`;
}

part("composer").addEventListener("submit", submit);
part("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
});
part("text").addEventListener("input", () => {
  fit();
  const text = part("text").value;
  if (/^\/\w*$/.test(text)) showCommands(text);
  else closeCommands();
});
part("menu").addEventListener("click", () => (part("commands").hidden ? showCommands("/") : closeCommands()));
part("mention").addEventListener("click", () => {
  part("text").value = `@${state.bot.username} ${part("text").value}`;
  part("text").focus();
});
part("attach").addEventListener("click", () => {
  part("things").hidden = !part("things").hidden;
  part("attach").setAttribute("aria-expanded", String(!part("things").hidden));
});
part("things").addEventListener("click", (event) => {
  const thing = event.target.dataset.thing;
  if (!thing) return;
  const who = chat().is_group ? { person: speaker } : {};
  attempt(() => act(thing, { chat: chosen, ...who }));
});
part("start").addEventListener("click", async () => {
  const said = payload ?? "";
  payload = null;
  history.replaceState(null, "", location.pathname);
  await attempt(() => act("start", { chat: chosen, payload: said }));
  part("text").focus();
});
part("new-person").addEventListener("click", async () => {
  const id = await attempt(() => act("new_person", { name: `Guest ${state.people.length + 1}` }));
  if (id) chosen = id;
  part("app").dataset.view = "chat";
});
part("block").addEventListener("click", () => attempt(() => act(chat().has_blocked ? "unblock" : "block", { chat: chosen })));
part("back").addEventListener("click", () => {
  part("app").dataset.view = "list";
  part("chats").querySelector("[aria-current]")?.focus();
});
part("reply-off").addEventListener("click", () => {
  if (editing) part("text").value = "";
  begin({});
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeCommands();
  part("things").hidden = true;
  part("attach").setAttribute("aria-expanded", "false");
  begin({});
});

follow(show, (isLost) => {
  if (isLost) part("state").textContent = "The server does not answer. It will be asked again.";
  else if (state) drawList();
});
