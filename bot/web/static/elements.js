// Elements of the page. Whatever comes from the server or from a person goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element. attributes: set one by one; children: elements or plain text. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

export function icon(name) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("class", "icon");
  made.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  made.append(use);
  return made;
}

/** A date or a time in words; what is none stands as it is. stamp: ISO 8601; style: as of Intl.DateTimeFormat. */
export function moment(stamp, style) {
  const date = new Date(stamp);
  const words = Number.isNaN(date.getTime()) ? String(stamp) : new Intl.DateTimeFormat("en-GB", style).format(date);
  return make("time", { datetime: String(stamp) }, words);
}

export const capitalised = (words) => words.slice(0, 1).toUpperCase() + words.slice(1);
