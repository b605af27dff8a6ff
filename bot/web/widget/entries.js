// What is said in a conversation, entry by entry. Each has a key by which it is known again, and a place in the order.

const after = (state) => Math.max(Date.now(), ...state.entries.map((entry) => Math.floor(entry.place) + 1));
const has = (state, key) => state.entries.some((entry) => entry.key === key);

/** What the person wrote or pressed. sent: what is sent, where it is not what is shown; tab: the one it was written in. */
export function addMine(state, { id, text, sent = text, button = "", tab = "" }) {
  state.entries.push({ key: `me ${id}`, place: after(state), who: "me", id, text, sent, button, tab, at: Date.now(), state: "sending" });
}

/**
 * The desk's replies to the message with this client id; said: its text, where this browser may not know it.
 * Gives the keys of those that are new: a reply comes by two ways, and again after each reconnection.
 */
export function addReplies(state, id, replies, said = null) {
  if (said && !has(state, `me ${id}`)) addMine(state, { id, text: said });
  const mine = state.entries.find((entry) => entry.key === `me ${id}`);
  if (mine) mine.state = "sent";
  const place = mine ? mine.place : after(state);
  const fresh = replies.map((message, index) => ({ key: `desk ${id} ${index}`, place: place + (index + 1) / 1000, who: "desk", to: id, message, at: Date.now() }));
  const added = fresh.filter((entry) => !has(state, entry.key));
  state.entries.push(...added);
  return added.map((entry) => entry.key);
}

/** The desk's welcome stands before everything. */
export function addWelcome(state, messages) {
  if (state.entries.some((entry) => entry.who === "desk")) return;
  state.entries.push(...messages.map((message, index) => ({ key: `desk welcome ${index}`, place: index / 1000, who: "desk", to: "", message, at: Date.now() })));
}

/** What the support team wrote. Gives whether it is new. */
export function addNews(state, sequence, { text, at }) {
  if (has(state, `news ${sequence}`)) return false;
  state.entries.push({ key: `news ${sequence}`, place: after(state), who: "team", text, at: Date.parse(at) || Date.now() });
  return true;
}

/** What there is to say of an entry that this script cannot show as it should: one of a later script, or damaged. */
export const inBrief = ({ text, message }) => String(text ?? message?.text ?? "…");

export const nextToSend = (state) => state.entries.find((entry) => entry.state === "sending");
export const entryOf = (state, key) => state.entries.find((entry) => entry.key === key);
export const hasRequest = (state) => state.entries.some(({ message }) => message?.request || message?.kind === "spooled");
