// The conversation: what is said, what comes, and when the desk is listened to. It knows nothing of the page.

import { createApi } from "./api.js";
import { addMine, addNews, addReplies, entryOf, hasRequest } from "./entries.js";
import { warn } from "./options.js";
import { createSender } from "./sending.js";
import { createSession } from "./session.js";
import { createStore, newId } from "./store.js";
import { createStream } from "./stream.js";
import { t } from "../static/texts.js";

const HELP_AFTER = 4_000; // milliseconds that a message of another tab may wait for it
const HIDDEN_FOR = 300_000; // milliseconds that the page may be hidden before it stops listening

/** view: {changed(state), trouble(text), arrived(keys), erased()}. isShown(): whether the person sees what comes. */
export function createTalk(options, view, isShown) {
  const name = `privacy-desk ${options.home} ${options.policy}`;
  const api = createApi(options.home);
  const store = createStore(name, changed);
  const session = createSession({ api, store, options, name });
  const sender = createSender({ api, store, session, name, onTrouble: view.trouble, onReply: answered });
  const stream = createStream({ home: options.home, store, name, onEvent: happened, onOver: session.drop });
  let isWanted = store.state.entries.length > 0; // the panel was opened, now or earlier
  const tab = newId();
  let helping = null;
  let hiding = null;
  let isAway = false;

  function changed(state, { wiped }) {
    if (wiped) view.erased();
    view.changed(state);
    listen();
    send(state);
  }

  /** What another tab is to send is sent here only if that tab does not get to it: its person waits for it there. */
  function send({ entries }) {
    const waiting = entries.filter((entry) => entry.state === "sending");
    clearTimeout(helping);
    if (waiting.some((entry) => entry.tab === tab)) sender.run();
    else if (waiting.length) helping = setTimeout(sender.run, HELP_AFTER);
  }

  const listen = () => stream.follow(isWanted && !isAway ? store.state.token : "");

  // --- What comes

  function answered(id, replies, said = null, sequence = 0) {
    if (replies.some((message) => message.kind === "forgotten")) return forgotten(replies);
    let keys = [];
    store.change((state) => {
      state.after = Math.max(state.after, sequence);
      keys = addReplies(state, id, replies, said);
      markNew(state, keys);
    });
    view.arrived(keys);
  }

  function forgotten(replies) {
    const message = replies.at(-1);
    if (!store.state.token) return;
    stream.follow("");
    store.wipe([{ key: "desk forgotten", place: 0, who: "desk", to: "", message, at: Date.now() }]);
  }

  function markNew(state, keys) {
    if (isShown()) return;
    for (const entry of state.entries) if (keys.includes(entry.key)) entry.isNew = true;
  }

  function happened(name, data, sequence) {
    if (sequence && sequence <= store.state.after) return;
    try {
      const body = JSON.parse(data || "null");
      if (name === "reply") answered(body.to, body.replies, body.said, sequence);
      if (name === "news") news(body, sequence);
    } catch (fault) {
      // It would come again after each reconnection: it is passed over, with a word that repeats nothing of it.
      store.change((state) => (state.after = Math.max(state.after, sequence)));
      warn(`event ${sequence} is not understood: ${fault.name}.`);
    }
  }

  function news(body, sequence) {
    const key = `news ${sequence}`;
    let isNew = false;
    store.change((state) => {
      state.after = Math.max(state.after, sequence);
      isNew = addNews(state, sequence, body);
      markNew(state, [key]);
    });
    if (isNew) view.arrived([key]);
  }

  // --- What the person does

  function say(text, { button = "", sent } = {}) {
    const id = newId();
    isWanted = true;
    sender.wake();
    store.change((state) => addMine(state, { id, text, sent, button, tab }));
    return `me ${id}`;
  }

  function retry(key) {
    store.change((state) => Object.assign(entryOf(state, key) ?? {}, { state: "sending", error: "", tab }));
  }

  /** Open the session, so that the welcome and the policy are shown. Gives the failure, or null. */
  async function begin() {
    isWanted = true;
    listen();
    try {
      await session.token();
      return null;
    } catch (failure) {
      return failure;
    }
  }

  function forget() {
    if (!store.state.token) {
      store.wipe();
      return null;
    }
    return say(t("menu.forget"), { sent: "forget me" });
  }

  const afresh = () => store.wipe();

  async function vote(key, verdict) {
    const entry = entryOf(store.state, key);
    const { epoch } = store.state;
    await api.post("/api/votes", { message: entry.to, ...verdict }, await session.token());
    store.change((state) => Object.assign(entryOf(state, key) ?? {}, { vote: verdict }), epoch);
  }

  function seen() {
    if (!store.state.entries.some((entry) => entry.isNew)) return;
    store.change((state) => state.entries.forEach((entry) => delete entry.isNew));
  }

  // --- When the network or the page comes and goes

  function connected() {
    sender.wake();
    sender.run();
    stream.wake();
    view.changed(store.state);
  }

  function shownOrHidden() {
    clearTimeout(hiding);
    if (document.visibilityState === "hidden") {
      hiding = setTimeout(() => {
        isAway = true;
        listen();
      }, HIDDEN_FOR);
      return;
    }
    isAway = false;
    listen();
    connected();
  }

  function start() {
    window.addEventListener("online", connected);
    window.addEventListener("offline", () => view.changed(store.state));
    document.addEventListener("visibilitychange", shownOrHidden);
    changed(store.state, { wiped: false });
    sender.run(); // the page was left before an answer came
  }

  return {
    start, say, retry, begin, forget, afresh, vote, seen,
    login: session.login,
    get state() { return store.state; },
    get hasRequest() { return hasRequest(store.state); },
    policies: () => api.get("/api/policies"),
  };
}
