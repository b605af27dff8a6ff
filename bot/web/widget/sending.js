// Sends what waits to be sent: in its order, from one tab at a time, again and again until the desk has it.

import { entryOf, nextToSend } from "./entries.js";
import { t } from "../static/texts.js";
import { alone, createAlarm, pauseAfter } from "./waiting.js";

const MOST_TRIES = 9; // about three minutes; from then on it is for the person to try again
const MOST_SESSIONS = 2; // tried for one message

/** onTrouble(text): what keeps messages from being sent, or "" ; onReply(id, replies): the desk has answered. */
export function createSender({ api, store, session, name, onTrouble, onReply }) {
  const alarm = createAlarm();
  let isRunning = false;

  async function run() {
    if (isRunning) return;
    isRunning = true;
    let tries = 0;
    let sessions = 0;
    try {
      while (navigator.onLine && nextToSend(store.state)) {
        const outcome = await alone(`${name} send`, store.isShared, () => attempt(tries, sessions));
        tries = outcome.isPassing ? tries + 1 : 0;
        sessions = outcome.isOver ? sessions + 1 : 0;
        onTrouble(outcome.isPassing ? t("bar.trouble") : "");
        if (outcome.isPassing) await alarm.wait(Math.max(outcome.wait, pauseAfter(tries)));
      }
    } finally {
      isRunning = false;
      onTrouble("");
    }
  }

  /** One try with the first message that waits. Gives what became of it: {} or the failure. */
  async function attempt(tries, sessions) {
    store.look(); // another tab may have sent it
    const entry = nextToSend(store.state);
    if (!entry) return {};
    let token = "";
    try {
      token = await session.token();
      const { epoch } = store.state;
      const content = entry.button ? { button: entry.button } : { text: entry.sent };
      const { replies } = await api.post("/api/messages", { id: entry.id, ...content }, token);
      if (store.state.epoch === epoch) onReply(entry.id, replies);
      return {};
    } catch (failure) {
      return failed(entry, failure, { tries, sessions, token });
    }
  }

  function failed(entry, failure, { tries, sessions, token }) {
    if (!("isPassing" in failure)) throw failure; // a fault of this script
    if (failure.isOver) session.drop(token);
    if (failure.isOver && !entry.button && sessions < MOST_SESSIONS) return failure;
    if (failure.isPassing && tries + 1 < MOST_TRIES) return failure;
    store.change((state) => {
      const kept = entryOf(state, entry.key);
      if (kept?.state !== "sending") return; // its reply came by the other way
      Object.assign(kept, { state: "failed", error: wordsFor(failure, entry), canRetry: failure.isPassing || (failure.isOver && !entry.button) });
    });
    return {};
  }

  return { run, wake: alarm.wake };
}

function wordsFor(failure, entry) {
  if (failure.isPassing || (failure.isOver && !entry.button)) return t("error.unreachable");
  if (failure.status === 410) return t("error.gone");
  if (entry.button) return t("error.button");
  return t("error.refused");
}
