// The conversations of this tab, one per policy, in its session storage so that a reload keeps them.

const STORE = "privacy-desk";
const KEPT = 200; // entries per conversation

/**
 * A conversation. entries: what was said, each with who: me, desk or team; after: up to where news has been shown;
 * hasRequest: a request was filed in it, so news may come. The rest lives only as long as the page.
 */
export function newChat({ token = "", entries = [], after = 0, hasRequest = entries.some(bringsNews) } = {}) {
  return { token, entries, after, hasRequest, opening: null, trouble: "", busy: false };
}

/** What the tab keeps: {policy, chats}. known: the policies that there are. */
export function restored(known) {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(STORE));
  } catch {
    // Storage is off or holds something else: start afresh.
  }
  const chats = {};
  for (const [policy, chat] of Object.entries(kept?.chats ?? {})) {
    if (known.has(policy) && Array.isArray(chat?.entries)) chats[policy] = newChat(chat);
  }
  const asked = new URLSearchParams(location.search).get("policy");
  const policy = [asked, kept?.policy, [...known][0]].find((name) => known.has(name)) ?? "";
  return { policy, chats };
}

export function keep(state) {
  const chats = {};
  for (const [policy, { token, entries, after, hasRequest }] of Object.entries(state.chats)) {
    chats[policy] = { token, entries: entries.slice(-KEPT), after, hasRequest };
  }
  try {
    sessionStorage.setItem(STORE, JSON.stringify({ policy: state.policy, chats }));
  } catch {
    // Full or forbidden: the chat works all the same, it is only not kept.
  }
}

/** A new conversation on the server: news and requests are those of the token. */
export function begin(chat, token) {
  Object.assign(chat, { token, after: 0, hasRequest: false, trouble: "" });
}

/** Whether news may follow an entry: a request was filed, or waits to be filed once the database is back. */
function bringsNews({ message }) {
  return Boolean(message?.request) || message?.kind === "spooled";
}

export function addReplies(chat, messages) {
  const entries = messages.map((message) => ({ who: "desk", message, at: Date.now() }));
  chat.entries.push(...entries);
  chat.hasRequest ||= entries.some(bringsNews);
}

/** Nothing stays but the message that says so. The next message opens a new conversation. */
export function forget(chat, message) {
  Object.assign(chat, newChat({ entries: [{ who: "desk", message, at: Date.now() }] }));
}

/** Adds what has not been shown yet and gives it back. found: the body of GET /api/messages. */
export function addNews(chat, found) {
  const fresh = [];
  for (const { sequence, at, text } of found.messages) {
    if (sequence <= chat.after) continue;
    chat.after = sequence;
    fresh.push({ who: "team", text, at: Date.parse(at) || Date.now() });
  }
  chat.after = Math.max(chat.after, found.next);
  chat.entries.push(...fresh);
  return fresh;
}
