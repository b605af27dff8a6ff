// The languages of the widget. English has the front page's texts, and the widget's own besides.

import { ENGLISH } from "../static/texts.js";
import { RIGHTS, STATUSES, TOPICS } from "../static/words.js";
// In this order, alphabet by alphabet, they are shortest when compressed.
import de from "./languages/de.json";
import es from "./languages/es.json";
import uk from "./languages/uk.json";
import ar from "./languages/ar.json";
import en from "./languages/en.json";

const TRANSLATED = { ar, de, es, uk };
const SPOKEN = { ...en, texts: { ...ENGLISH, ...en.texts }, rights: RIGHTS, statuses: STATUSES, topics: TOPICS };

export function speechOf(language) {
  if (!(language in TRANSLATED)) return SPOKEN;
  const [locale, rights, statuses, texts, topics] = TRANSLATED[language];
  const named = { rights, statuses, texts, topics };
  for (const name in named) named[name] = keyed(SPOKEN[name], named[name]);
  return { locale, ...named };
}

/** The bundle holds the values of a translation alone, by the order of their keys. */
function keyed(english, values) {
  return Object.fromEntries(Object.keys(english).sort().map((key, index) => [key, values[index]]));
}
