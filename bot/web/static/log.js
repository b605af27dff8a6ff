// The log of the conversation on show. Each entry has one element; `drawn` finds it.

import { deskMessage, newsMessage, notice, ownMessage } from "./messages.js";

const HIDDEN_BELOW = 90; // pixels that the box covers on a phone
const ENOUGH = 100; // pixels of a message by which it counts as seen

/** log: the element; unread: the button that leads to news below; deeds: {retry(chat, entry), press(button), start}. */
export function createLog(log, unread, deeds) {
  const drawn = new WeakMap();
  let seen = null;

  function element(chat, entry) {
    const made = messageOf(chat, entry, deeds);
    drawn.get(entry)?.replaceWith(made);
    drawn.set(entry, made);
    return made;
  }

  /** Draw an entry, again if need be. */
  function show(chat, entry) {
    const isNew = !drawn.get(entry)?.isConnected;
    const made = element(chat, entry);
    if (isNew) log.append(made);
  }

  /** Draw what is not there yet, and drop what is no longer of the conversation. */
  function update(chat) {
    const wanted = new Set(chat.entries.map((entry) => drawn.get(entry)));
    for (const made of [...log.children]) if (!wanted.has(made)) made.remove();
    for (const entry of chat.entries) if (!drawn.get(entry)?.isConnected) log.append(element(chat, entry));
    keepLatestReplies();
  }

  /** The whole conversation anew; not read aloud. */
  function fill(chat) {
    log.setAttribute("aria-live", "off");
    log.replaceChildren(...chat.entries.map((entry) => element(chat, entry)));
    if (chat.trouble) log.append(notice(chat.trouble, deeds.start));
    keepLatestReplies();
    follow(null);
    setTimeout(() => log.setAttribute("aria-live", "polite"), 100);
  }

  /** Only the latest reply can be answered with its buttons; older ones belong to steps that are over. */
  function keepLatestReplies() {
    const says = [...log.querySelectorAll(".desk-says:not(.is-news)")];
    for (const said of says.slice(0, -1)) said.querySelector(".replies")?.remove();
  }

  /** Scroll so that a message stands at the top and what follows can be read from its beginning. */
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

  /** Offer a way to an entry until it has been in view: news must not move what is being read. */
  function follow(entry) {
    seen?.disconnect();
    unread.hidden = true;
    if (!entry) return;
    unread.onclick = () => {
      reveal(entry);
      follow(null);
      log.focus({ preventScroll: true }); // the button goes away
    };
    seen = new IntersectionObserver(
      ([one]) => {
        unread.hidden = one.intersectionRect.height >= Math.min(one.boundingClientRect.height, ENOUGH);
        if (unread.hidden) seen.disconnect();
      },
      { rootMargin: `0px 0px -${HIDDEN_BELOW}px 0px`, threshold: [0, 0.25, 0.5, 0.75, 1] },
    );
    seen.observe(drawn.get(entry));
  }

  return { show, update, fill, reveal, follow };
}

function messageOf(chat, entry, deeds) {
  if (entry.who === "me") return ownMessage(entry, () => deeds.retry(chat, entry));
  if (entry.who === "team") return newsMessage(entry);
  return deskMessage(entry, deeds.press);
}
