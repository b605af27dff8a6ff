// The session behind a conversation: a token of the desk, for whoever the page's login token vouches for.

import { addWelcome } from "./entries.js";
import { warn } from "./options.js";
import { alone } from "./waiting.js";

const NOT_FOR_HERE = ["unknown_policy", "origin_refused"];

/** Gives: token(), a promise of one that is good for sending; login(token); drop(token), for one that is over. */
export function createSession({ api, store, options, name }) {
  let { login } = options;
  let vouchedFor = ""; // the login token that the session at hand was opened with
  let opening = null;

  const isGood = () => store.state.token && (!login || login === vouchedFor);

  function token() {
    if (isGood()) return Promise.resolve(store.state.token);
    opening ??= alone(`${name} open`, store.isShared, open).finally(() => (opening = null));
    return opening;
  }

  async function open() {
    store.look(); // another tab may have opened one
    if (isGood()) return store.state.token;
    const resume = store.state.token;
    const asked = login;
    const session = await opened({ policy: options.policy, ...(asked && { login: asked }), ...(resume && { resume }) });
    // What somebody else began at this machine is neither gone on with nor shown.
    if (resume && !session.resumed) store.wipe(store.state.entries.filter((entry) => entry.state === "sending"));
    store.change((state) => {
      state.token = session.token;
      state.policy = session.policy;
      state.isVouched = Boolean(session.logged_in);
      if (!resume || !session.resumed) state.after = 0;
      addWelcome(state, session.messages);
    });
    vouchedFor = login === asked ? asked : vouchedFor;
    return store.state.token;
  }

  async function opened(body) {
    try {
      return await api.post("/api/sessions", body);
    } catch (failure) {
      const isAboutLogin = body.login && !failure.isPassing && !NOT_FOR_HERE.includes(failure.code);
      if (!isAboutLogin) throw failure;
      warn(`the login token is not accepted, so the person counts as not logged in. ${failure.text ?? ""}`);
      login = "";
      const { login: refused, ...rest } = body;
      return api.post("/api/sessions", rest);
    }
  }

  return {
    token,
    drop: (over) => store.change((state) => state.token === over && Object.assign(state, { token: "", after: 0 })),
    login(given) {
      login = given;
      if (!given && store.state.isVouched) store.wipe(); // logged out: what was said is not for whoever comes next
    },
  };
}
