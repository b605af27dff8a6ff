// The log of the conversation: one element for each entry, drawn once and changed where the entry changes.

import { OF_PEOPLE, make } from "../static/elements.js";
import { deskMessage, newsMessage, ownMessage } from "../static/messages.js";
import { inBrief } from "./entries.js";
import { t } from "../static/texts.js";
import { voteRow } from "./votes.js";

const QUIET = 150; // milliseconds for which a conversation that is drawn at once is not read aloud
const ENOUGH = 20; // pixels from the lower edge, from where on something counts as seen

/** log: scrolls; list: holds the entries; unread: the button that leads to what is below; deeds: {retry, press, vote}. */
export function createLog(log, list, unread, deeds) {
  const drawn = new Map(); // by the entry's key: its element, and what it was drawn from
  let seen = null;
  let offered = null; // the element that the button leads to

  function update(entries) {
    const keys = new Set(entries.map((entry) => entry.key));
    for (const [key, { element }] of drawn) {
      if (keys.has(key)) continue;
      element.remove();
      drawn.delete(key);
    }
    let place = list.firstElementChild;
    for (const entry of entries) {
      const isNext = place !== null && drawn.get(entry.key)?.element === place;
      const element = elementOf(entry); // which may stand in the place of an earlier one
      if (isNext) place = element.nextElementSibling;
      else list.insertBefore(element, place);
    }
    keepLatestReplies(entries);
    if (offered?.hidden || offered?.isConnected === false) offer(null);
  }

  function elementOf(entry) {
    const looks = entry.who === "me" && entry.state === "failed" ? `failed ${entry.error}` : "";
    const before = drawn.get(entry.key);
    if (before && before.looks === looks) {
      if (entry.who === "me") setState(before.element, entry);
      return before.element;
    }
    const element = draw(entry);
    before?.element.replaceWith(element);
    drawn.set(entry.key, { element, looks });
    return element;
  }

  /** One entry that cannot be drawn must not take the others with it, now or after a reload. */
  function draw(entry) {
    try {
      return drawWhole(entry);
    } catch {
      const words = make("p", { class: "bubble lead", ...OF_PEOPLE }, inBrief(entry));
      return make("article", { class: "entry desk-says" }, words);
    }
  }

  function drawWhole(entry) {
    if (entry.who === "team") return newsMessage(entry);
    if (entry.who === "me") return setState(ownMessage(entry, () => deeds.retry(entry.key)), entry);
    const made = deskMessage(entry, deeds.press);
    const { answer, request, buttons, closing } = entry.message;
    // Where the message asks something itself, a "Yes" to its question must not become a vote.
    if (entry.to && answer && !request && !buttons?.length && !closing) {
      made.append(voteRow(entry.key, entry.vote, (verdict) => deeds.vote(entry.key, verdict)));
    }
    return made;
  }

  /** The state in words beside the time; a change of it is not read aloud, or every message would be heard twice. */
  function setState(element, entry) {
    element.className = `entry me ${entry.state}`;
    let line = element.querySelector(".state");
    if (!line) element.append((line = make("span", { class: "state", "aria-live": "off" })));
    const words = { sending: t("state.sending"), sent: t("state.sent") }[entry.state] ?? "";
    if (line.textContent !== words) line.textContent = words;
    return element;
  }

  /** Only the latest reply can be answered with its buttons, and only once; a press that failed gives them back. */
  function keepLatestReplies(entries) {
    const last = entries.filter((entry) => entry.who !== "team" && entry.state !== "failed").at(-1);
    for (const entry of entries) {
      if (entry.who !== "desk") continue;
      const replies = drawn.get(entry.key).element.querySelector(".replies");
      if (replies) replies.hidden = entry !== last;
    }
  }

  /** Draw without its being read aloud. */
  function quietly(work) {
    log.setAttribute("aria-live", "off");
    work();
    setTimeout(() => log.setAttribute("aria-live", "polite"), QUIET);
  }

  /** Scroll so that an entry stands at the top and what follows can be read from its beginning, its buttons included. */
  function reveal(key) {
    scrollTo(drawn.get(key)?.element);
    const replies = list.querySelector(".replies:not([hidden])");
    if (replies) offer(replies, t("log.more"));
  }

  function scrollTo(element) {
    if (element) log.scrollTop += element.getBoundingClientRect().top - log.getBoundingClientRect().top - 12;
  }

  const follow = (key) => offer(drawn.get(key)?.element, t("log.below"));

  /** Offer a way to an element until it has been in view: what comes must not move what is being read. */
  function offer(element, words) {
    seen?.disconnect();
    unread.hidden = true;
    offered = element;
    if (!element) return;
    unread.lastChild.data = words;
    unread.onclick = () => {
      scrollTo(element);
      offer(null);
      log.focus({ preventScroll: true }); // the button goes away
    };
    seen = new IntersectionObserver(([one]) => {
      unread.hidden = one.isIntersecting;
      if (one.isIntersecting) seen.disconnect();
    }, { root: log, rootMargin: `0px 0px -${ENOUGH}px`, threshold: 0.1 });
    seen.observe(element);
  }

  return { update, quietly, reveal, follow };
}
