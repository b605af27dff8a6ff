// Elements of the page. Whatever comes from the server or from a person goes in as text, never as markup.

import { surroundings } from "./surroundings.js";
import { locale } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const STROKE = { fill: "none", stroke: "currentColor", "stroke-linecap": "round", "stroke-linejoin": "round", "stroke-width": "1.8" };

// What the desk writes is English so far, whatever the language around it; what people write shows its own direction.
export const OF_DESK = { lang: "en", dir: "auto" };
export const OF_POLICY = { lang: "en", dir: "ltr" };
export const OF_PEOPLE = { dir: "auto" };

/** An element. attributes: set one by one; children: elements or plain text. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function icon(name) {
  const made = drawn("svg", { class: "icon", "aria-hidden": "true", viewBox: "0 0 20 20", ...STROKE });
  const shapes = surroundings.shapes?.[name] ?? [["use", { href: `#i-${name}` }]];
  made.append(...shapes.map(([tag, attributes]) => drawn(tag, attributes)));
  return made;
}

/** A date or a time in words; what is none stands as it is. stamp: ISO 8601; style: as of Intl.DateTimeFormat. */
export function moment(stamp, style) {
  return make("time", { datetime: String(stamp) }, momentInWords(stamp, style));
}

export function momentInWords(stamp, style) {
  const date = new Date(stamp);
  return Number.isNaN(date.getTime()) ? String(stamp) : new Intl.DateTimeFormat(locale(), style).format(date);
}

export const capitalised = (words) => words.slice(0, 1).toLocaleUpperCase(locale()) + words.slice(1);
