// How the widget looks: its styles, the theme, the brand's colour, and the part of a phone's screen that is seen.

import { brandVariables, rgb } from "./colours.js";
import { warn } from "./options.js";
import palette from "../static/base.css";
import messages from "../static/messages.css";
import layout from "./widget.css";

export const isPhone = matchMedia("(max-width: 600px), (max-height: 420px)");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const LOCK = "html, body { overflow: hidden !important; }";

/** Dresses a shadow root. root: its outermost element. Gives lock(isOn): the page behind a full screen stays put. */
export function dress(shadow, root, options) {
  const own = new CSSStyleSheet();
  const lockSheet = new CSSStyleSheet();
  lockSheet.replaceSync(LOCK);
  shadow.adoptedStyleSheets = [own];
  // The size of letters that the person has set in the browser; the page's own rem may be anything.
  const unit = Number.parseFloat(computed("medium", "font-size")) || 16;
  shadow.adoptedStyleSheets = [...[palette, messages, layout].map((css) => sheet(inPixels(css, unit))), own];
  let variables = {};

  function set(values) {
    variables = { ...variables, ...values };
    const lines = Object.entries(variables).map(([name, value]) => `--${name}:${value};`);
    own.replaceSync(`.root.root{${lines.join("")}}`); // as strong as the dark palette, and after it
  }

  /** What a value comes to where the widget stands. */
  function computed(value, property = "color") {
    const probe = document.createElement("i");
    own.replaceSync(`.probe{${property}:${value}}`);
    probe.className = "probe";
    root.append(probe);
    const found = getComputedStyle(probe).getPropertyValue(property);
    probe.remove();
    return found;
  }

  function theme() {
    const isDark = options.theme === "dark" || (options.theme === "auto" && prefersDark.matches);
    root.classList.toggle("dark", isDark);
    if (!options.colour) return set({});
    const brand = rgb(computed(options.colour));
    if (!brand) {
      warn(`data-colour="${options.colour}" cannot be mixed with others; one such as #0b635a can.`);
      return set({});
    }
    const grounds = ["var(--surface)", "var(--sunken)"].map((ground) => rgb(computed(ground)));
    set(brandVariables(brand, grounds, isDark));
  }

  /** The keyboard of a phone covers a part of the page; the panel takes the part that is left. */
  function fit() {
    const view = window.visualViewport;
    if (view && isPhone.matches) set({ seen: `${Math.round(view.height)}px`, from: `${Math.round(view.offsetTop)}px` });
  }

  theme();
  fit();
  prefersDark.addEventListener("change", theme);
  isPhone.addEventListener("change", fit);
  window.visualViewport?.addEventListener("resize", fit);
  window.visualViewport?.addEventListener("scroll", fit);

  function lock(isOn) {
    const others = document.adoptedStyleSheets.filter((one) => one !== lockSheet);
    document.adoptedStyleSheets = isOn ? [...others, lockSheet] : others;
  }
  return { lock, set };
}

const inPixels = (css, unit) => css.replace(/([\d.]+)rem/g, (whole, size) => `${size * unit}px`);

function sheet(css) {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}
