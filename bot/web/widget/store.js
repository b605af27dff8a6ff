// The conversation as this browser keeps it: in local storage for all tabs, else for this tab, else in memory.

const DAYS = 30; // without a message, after which it is dropped here; the desk drops its own
const KEPT = 100; // entries
const KEPT_WHEN_FULL = 20;
const RANK = { sending: 0, failed: 1, sent: 2 };

const randomName = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A client's id of a message. */
export const newId = randomName;

/**
 * A conversation. epoch: its name here, begun: when it got it; after: the number of the last event seen; policy: as the
 * desk describes it; entries: what was said, each with a key and its place in the order.
 */
const fresh = () => ({ epoch: randomName(), begun: Date.now(), saved: Date.now(), token: "", after: 0, policy: null, entries: [] });

const sorted = (entries) => entries.sort((one, other) => one.place - other.place || (one.key < other.key ? -1 : 1));

/** What two tabs know of one conversation, together; of two conversations, the one that was begun later. */
function merged(mine, theirs) {
  if (mine.epoch !== theirs.epoch) return theirs.begun >= mine.begun ? theirs : mine;
  const entries = new Map(mine.entries.map((entry) => [entry.key, entry]));
  for (const entry of theirs.entries) {
    const known = entries.get(entry.key);
    if (!known || (RANK[entry.state] ?? 3) >= (RANK[known.state] ?? 3)) entries.set(entry.key, entry);
  }
  const later = theirs.saved >= mine.saved ? theirs : mine;
  return { ...later, after: Math.max(mine.after, theirs.after), entries: sorted([...entries.values()]) };
}

/** The first storage that works; null where the browser allows none. */
function workingArea() {
  for (const name of ["localStorage", "sessionStorage"]) {
    try {
      const area = window[name];
      area.setItem("privacy-desk?", "1");
      area.removeItem("privacy-desk?");
      return area;
    } catch {
      // Blocked or full: the next one.
    }
  }
  return null;
}

/** key: its name in the storage; onChange(state, {wiped}): something changed, here or in another tab. */
export function createStore(key, onChange) {
  const area = workingArea();
  let isKept = false; // this conversation is in the storage; if it is gone from there, another tab has erased it
  let state = read() ?? fresh();

  function read() {
    try {
      const found = JSON.parse(area.getItem(key));
      if (!Array.isArray(found?.entries) || Date.now() - found.saved > DAYS * 86_400_000) return null;
      isKept = true;
      found.entries = found.entries.filter((entry) => entry?.key && entry.place >= 0); // what is none has no place among them
      return found;
    } catch {
      return null;
    }
  }

  function write() {
    const isWorthIt = state.token || state.entries.some((entry) => entry.who === "me");
    try {
      if (isWorthIt) area.setItem(key, JSON.stringify(state));
      else area.removeItem(key);
      isKept = Boolean(isWorthIt);
    } catch {
      keepLess();
    }
  }

  function keepLess() {
    try {
      area.setItem(key, JSON.stringify({ ...state, entries: state.entries.slice(-KEPT_WHEN_FULL) }));
    } catch {
      isKept = false; // it works all the same, and is gone after a reload
    }
  }

  /** Take in what other tabs have kept. Gives whether the conversation was erased there. */
  function refresh() {
    const wasKept = isKept;
    const theirs = area && read();
    if (theirs) state = merged(state, theirs);
    else if (area && wasKept) {
      isKept = false;
      state = fresh();
      return true;
    }
    return false;
  }

  /** Change it by edit(state). epoch: of the conversation it is meant for; one that is over is left alone. */
  function change(edit, epoch = state.epoch) {
    const wiped = refresh();
    if (state.epoch !== epoch) {
      if (wiped) onChange(state, { wiped });
      return false;
    }
    edit(state);
    state.saved = Date.now();
    state.entries = sorted(state.entries).slice(-KEPT);
    write();
    onChange(state, { wiped: false });
    return true;
  }

  /** See what other tabs have kept meanwhile. */
  function look() {
    const wiped = refresh();
    if (wiped) onChange(state, { wiped });
  }

  /** Erase it here and in every tab. entries: what is shown in its stead, and kept in memory only. */
  function wipe(entries = []) {
    state = { ...fresh(), policy: state.policy, entries };
    write();
    onChange(state, { wiped: false });
  }

  window.addEventListener("storage", (event) => {
    if (event.storageArea !== area || (event.key !== key && event.key !== null)) return;
    const wiped = refresh(); // may put another conversation in the place of this one
    onChange(state, { wiped });
  });

  return { change, look, wipe, get state() { return state; }, isShared: area !== null && area === safeLocal() };
}

function safeLocal() {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
