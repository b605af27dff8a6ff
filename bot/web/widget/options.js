// What the page says about the widget, by the attributes of its script element. Nothing in it is trusted by the desk.

import { isColour } from "./colours.js";

export const LANGUAGES = ["en", "uk", "de", "es", "ar"];
const POLICY = /^[a-z0-9][a-z0-9_-]{0,59}$/i;

/** The script element that brought this script, also when it was put in by another script. */
export function ownScript() {
  const current = document.currentScript;
  return current instanceof HTMLScriptElement ? current : document.querySelector('script[src*="/widget.js"][data-policy]');
}

/** The options; null, after a word to the people who build the page, where the widget cannot work. */
export function optionsOf(script) {
  const policy = script?.dataset.policy?.trim() ?? "";
  if (!script?.src || !POLICY.test(policy)) {
    warn('it is not shown: its script element needs a policy\'s id, such as data-policy="klasso".');
    return null;
  }
  const { colour = "", theme, position, title = "", login = "", open } = script.dataset;
  if (colour && !isColour(colour)) warn(`data-colour="${colour}" is no colour; the desk's own is taken.`);
  return {
    home: new URL(script.src).origin,
    policy,
    language: languageOf(script.dataset.language),
    colour: isColour(colour) ? colour : "",
    theme: oneOf("data-theme", theme, ["auto", "light", "dark"]),
    position: oneOf("data-position", position, ["right", "left"]),
    title: title.trim(),
    login: login.trim(),
    open: open === "true",
  };
}

export const warn = (words) => console.warn(`Privacy Desk: ${words}`);

/** One of the values there are; the first where none is given. */
function oneOf(name, value, known) {
  if (known.includes(value)) return value;
  if (value) warn(`${name}="${value}" is not known; it can be ${known.join(", ")}.`);
  return known[0];
}

/** The language asked for, else that of the page, else that of the browser, else English. */
function languageOf(asked) {
  const wanted = [asked, document.documentElement.lang, ...(navigator.languages ?? [])];
  const short = wanted.map((tag) => (tag ?? "").toLowerCase().split("-")[0]);
  if (asked && !LANGUAGES.includes(short[0])) oneOf("data-language", asked, LANGUAGES);
  return short.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}
