// What every page shares: shortcuts, the forms' token after a fresh login elsewhere, and polling.
"use strict";
(() => {
  let isOver = false; // the session
  const member = document.body.dataset.member;
  const isTyping = (element) => element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

  // Single keys can be switched off: they get in the way of speech input and of some screen readers (WCAG 2.1.4).
  const remembered = (() => { try { return localStorage.getItem("single-keys"); } catch { return null; } })();
  const keysOn = document.getElementById("keys-on");
  let isOn = remembered !== "off";
  if (keysOn) {
    keysOn.checked = isOn;
    keysOn.addEventListener("change", () => {
      isOn = keysOn.checked;
      try { localStorage.setItem("single-keys", isOn ? "on" : "off"); } catch { /* kept for this page only */ }
    });
  }
  window.desk = { keysAreOn: () => isOn, isTyping };

  const open = (id) => { const dialog = document.getElementById(id); if (dialog && !dialog.open) dialog.showModal(); };
  for (const button of document.querySelectorAll("[data-opens]")) {
    button.hidden = false;
    button.addEventListener("click", () => open(button.dataset.opens));
  }

  let isGoing = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    if (!isOn || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (isGoing) {
      isGoing = false;
      const place = document.querySelector(`.places a[data-key="${CSS.escape(event.key)}"]`);
      if (place) { event.preventDefault(); event.stopImmediatePropagation(); place.click(); }
      return;
    }
    if (event.key === "g") { isGoing = true; setTimeout(() => { isGoing = false; }, 1500); }
    if (event.key === "?") { event.preventDefault(); open("keys"); }
    const search = document.querySelector("[data-search]");
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // A form that is sent twice by a double click would be answered with "somebody else was first".
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("method") !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  });
  addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

  // A login or a repeated password in another tab makes the token of this one stale: the newest page tells the others.
  const meta = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-Token"];
  if (member && "BroadcastChannel" in window) {
    const channel = new BroadcastChannel("desk-token");
    channel.addEventListener("message", ({ data }) => {
      if (data.member !== member) return;
      isOver = false;
      document.body.setAttribute("hx-headers", JSON.stringify({ "X-Token": data.token }));
      for (const field of document.querySelectorAll('input[type="hidden"][name="token"]')) field.value = data.token;
    });
    channel.postMessage({ member, token: meta() });
  }

  // What a page asks for by itself is marked, so that it does not keep an abandoned session alive.
  const isAsked = (cause) => (navigator.userActivation ? navigator.userActivation.isActive : Boolean(cause));
  document.addEventListener("htmx:configRequest", (event) => {
    if (!isAsked(event.detail.triggeringEvent)) event.detail.headers["X-Polled"] = "1";
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ((document.hidden || isOver) && !isAsked(event.detail.requestConfig.triggeringEvent)) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", (event) => { isOver = event.detail.xhr?.status === 401; });
})();
