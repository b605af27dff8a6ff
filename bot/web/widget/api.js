// Calls to the desk. They carry no cookie and nothing about the page.

const PATIENCE = 20_000; // milliseconds until a call counts as failed

export class Failure extends Error {
  /** status: 0 if there was no answer; wait: milliseconds the desk asks for; text: its own sentence, in English. */
  constructor({ status = 0, code = "", wait = 0, text = "" }) {
    super(code || `status ${status}`);
    Object.assign(this, { status, code, wait, text });
  }

  /** Whether the conversation itself is over: its token is worth nothing any more. */
  get isOver() {
    return this.status === 401 && ["session_expired", "session_invalid"].includes(this.code);
  }

  /** Whether the same call may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export function createApi(home) {
  async function call(path, options, token = "") {
    const headers = options.body ? { "Content-Type": "application/json" } : {};
    if (token) headers.Authorization = `Bearer ${token}`;
    let response = null;
    let data = null;
    try {
      const signal = AbortSignal.timeout?.(PATIENCE);
      response = await fetch(home + path, { signal, ...options, headers, credentials: "omit", referrerPolicy: "no-referrer" });
      data = response.status === 204 ? {} : await response.json();
    } catch {
      if (!response || response.ok) throw new Failure({});
    }
    if (response.ok) return data;
    throw failureOf(response, data);
  }

  const post = (path, body, token) => call(path, { method: "POST", body: JSON.stringify(body) }, token);
  const get = (path) => call(path, { method: "GET" });
  return { post, get, home };
}

export function failureOf(response, data) {
  const seconds = Number(response.headers.get("Retry-After"));
  const wait = seconds > 0 ? Math.min(seconds, 120) * 1000 : 0;
  return new Failure({ status: response.status, code: data?.error?.code, text: data?.error?.message, wait });
}
