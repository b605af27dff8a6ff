// The stream of events: replies and what the support team writes, as they come, and after a cut from where it was cut.

import { failureOf } from "./api.js";
import { alone, createAlarm, pauseAfter } from "./waiting.js";

const SILENCE = 45_000; // milliseconds without even a heartbeat, after which the connection counts as dead
const GREETING = 1_000; // milliseconds before coming back to a server that said good-bye

/** onEvent(name, data, sequence); onOver(token): the conversation is over. Gives follow(token), "" for none, and wake. */
export function createStream({ home, store, name, onEvent, onOver }) {
  const alarm = createAlarm();
  let run = null;

  function follow(token) {
    if (run?.token === token || (!run && !token)) return;
    run?.controller.abort();
    run = token ? { token, controller: new AbortController() } : null;
    if (run) keepOpen(run).catch(() => {}); // it ends by being aborted
  }

  async function keepOpen(mine) {
    const { signal } = mine.controller;
    await alone(`${name} stream`, store.isShared, async () => {
      for (let tries = 0; !signal.aborted; ) {
        const outcome = await connection(mine.token, signal);
        if (outcome.isOver) return onOver(mine.token);
        tries = outcome.heard ? 0 : tries + 1;
        await alarm.wait(navigator.onLine ? Math.max(outcome.wait ?? 0, pauseAfter(tries) || GREETING) : 600_000);
      }
    }, signal);
  }

  /** One connection, until it ends. Gives {heard} or the failure. */
  async function connection(token, signal) {
    const cut = new AbortController();
    const end = () => cut.abort();
    signal.addEventListener("abort", end);
    let timer = setTimeout(end, SILENCE);
    const outcome = { heard: false };
    try {
      const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
      const address = `${home}/api/events?after=${store.state.after}`;
      const response = await fetch(address, { headers, signal: cut.signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
      if (!response.ok) return failureOf(response, await response.json().catch(() => null));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const take = createParser((event, data, sequence) => {
        if (event === "retry") outcome.wait = Number(data) || 0;
        else onEvent(event, data, sequence);
      });
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(end, SILENCE);
        outcome.heard = true;
        take(part.value);
      }
    } catch {
      // Cut, silent, or unreachable: it is tried again.
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      end();
    }
    return outcome;
  }

  return { follow, wake: alarm.wake };
}

/** Takes text/event-stream piece by piece; a wish for a pause comes as an event "retry". A line may end in \r\n, \n or \r, and a piece in the middle of anything. */
export function createParser(onEvent) {
  let rest = "";
  let event = {};

  function line(text) {
    if (!text) {
      if (event.data !== undefined) onEvent(event.event || "message", event.data, Number(event.id) || 0);
      event = {};
      return;
    }
    const [, field, value] = /^([^:]*):? ?([^]*)$/.exec(text);
    if (field === "retry") onEvent(field, value, 0);
    else if (field === "data" && event.data !== undefined) event.data += `\n${value}`;
    else if (field) event[field] = value;
  }

  return (piece) => {
    const text = rest + piece;
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    rest = lines.pop() + text.slice(whole.length);
    lines.forEach(line);
  };
}
