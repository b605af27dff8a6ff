// The widget: one script element on any site, and a company's privacy desk stands in the corner of its pages.

import { createWidget } from "./shell.js";
import { optionsOf, ownScript } from "./options.js";

const options = window.PrivacyDesk ? null : optionsOf(ownScript());
if (options) {
  const ready = document.body ? createWidget(options) : loaded().then(() => createWidget(options));
  // What is called before the widget stands is done once it does; where it cannot stand, nothing happens.
  const later = (name) => (given) => ready.then((widget) => widget?.[name](given));
  window.PrivacyDesk = Object.freeze({ open: later("open"), close: later("close"), forget: later("forget"), login: later("login") });
}

function loaded() {
  return new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
}
