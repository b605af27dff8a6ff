// Asks the desk what the support team wrote, while the tab is seen and the conversation on show has a request.

import { addNews } from "./chats.js";

const EVERY = 15_000; // milliseconds
const LONGEST = 300_000; // between two tries, while they fail

/**
 * onShow: gives the conversation on show; ask(chat): a promise of its news; onNews(chat, entries): something came;
 * onOver(chat): there will be no more. Gives back: look, which asks at once, and wait, which asks when it is time.
 * Failures are silent: they are nothing to the person, and the next message tells of them.
 */
export function watchNews({ onShow, ask, onNews, onOver }) {
  const asked = new WeakSet();
  let timer = null;
  let pause = EVERY;

  function wait() {
    timer ??= setTimeout(look, pause);
  }

  function look() {
    clearTimeout(timer);
    timer = null;
    const chat = onShow();
    const isWanted = chat.hasRequest && chat.token && document.visibilityState === "visible";
    if (isWanted && !asked.has(chat)) askFor(chat);
  }

  async function askFor(chat) {
    const { token } = chat;
    asked.add(chat);
    try {
      const found = await ask(chat);
      pause = EVERY;
      // Meanwhile the conversation may have been forgotten or begun anew.
      const fresh = chat.token === token ? addNews(chat, found) : [];
      if (fresh.length) onNews(chat, fresh);
    } catch (failure) {
      pause = Math.min(2 * pause, LONGEST);
      if (failure.isOver && chat.token === token) onOver(chat);
    }
    asked.delete(chat);
    wait();
  }

  document.addEventListener("visibilitychange", look);
  return { look, wait };
}
