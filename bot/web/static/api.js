// The desk's JSON API. Every failure becomes a sentence for the person.

const PATIENCE = 20_000; // milliseconds until a call counts as failed

export class Failure extends Error {
  constructor(message, { code = "", canRetry = true } = {}) {
    super(message);
    this.code = code;
    this.canRetry = canRetry;
  }

  /** Whether the conversation itself is over: its token is worth nothing any more. */
  get isOver() {
    return ["session_expired", "session_invalid"].includes(this.code);
  }
}

export const post = (path, body, token = "") => call(path, token, { method: "POST", body: JSON.stringify(body) });
export const get = (path, token) => call(path, token, { method: "GET" });

async function call(path, token, options) {
  const headers = options.body ? { "Content-Type": "application/json" } : {};
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  let data;
  try {
    const signal = AbortSignal.timeout?.(PATIENCE);
    response = await fetch(path, { ...options, headers, signal, credentials: "omit" });
    data = await response.json();
  } catch (error) {
    if (response && !response.ok) throw new Failure("The desk has a problem right now.");
    throw new Failure(error.name === "TimeoutError" ? "The desk took too long to answer." : "The desk could not be reached.");
  }
  if (response.ok) return data;
  const canRetry = response.status >= 500 || [401, 408, 429].includes(response.status);
  throw new Failure(data?.error?.message ?? "The desk has a problem right now.", { code: data?.error?.code, canRetry });
}
