// The pretend server: what is so, as soon as it changes, and what a person does.

const AGAIN = 2_000; // milliseconds after which a server that does not answer is asked again

/** Calls show(state) now and whenever something has changed; lost(true) while the server does not answer. */
export async function follow(show, lost) {
  let seen = { id: "", version: "" };
  for (;;) {
    const state = await look(seen);
    lost(!state);
    if (!state) await new Promise((done) => setTimeout(done, AGAIN));
    else if (state.id !== seen.id || state.version !== seen.version) show(state);
    seen = state ?? { id: "", version: "" };
  }
}

/** The state, as soon as it is not the one seen; null if there is no answer. */
async function look(seen) {
  try {
    const response = await fetch(`/page/state?id=${seen.id}&version=${seen.version}`);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Does something in the world: its result. Throws an Error whose message is a sentence. */
export async function act(what, fields) {
  const response = await fetch(`/test/${what}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields),
  }).catch(() => {
    throw new Error("The server does not answer.");
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.result;
}
