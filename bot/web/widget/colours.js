// The brand's colour, so that whatever stands on it or is written in it can be read: 4.5:1 or better, as WCAG asks.

const ENOUGH = 4.5;
const STEP = 0.04;

export const isColour = (value) => CSS.supports("color", value) && !/var\(|currentcolor|inherit|initial|unset|revert/i.test(value);

/** [red, green, blue] of "rgb(…)" as a computed style gives it; null for a colour beyond it or one that is see-through. */
export function rgb(computed) {
  const found = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(computed);
  return found ? found.slice(1).map(Number) : null;
}

const hex = (colour) => `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
const mixed = (one, other, share) => one.map((part, index) => part + (other[index] - part) * share);

function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];

/** White where it can be read on the colour, else black: one of the two always can. */
const inkOn = (colour) => (contrast(colour, WHITE) >= ENOUGH ? WHITE : BLACK);

/** The colour, darker or lighter as far as it must be to be read on all the grounds. */
function readable(colour, grounds, towards) {
  for (let share = 0; share < 1; share += STEP) {
    const tried = mixed(colour, towards, share);
    if (grounds.every((ground) => contrast(tried, ground) >= ENOUGH)) return tried;
  }
  return towards;
}

/** The variables that the brand's colour sets. grounds: what its text stands on; surface: the first of them. */
export function brandVariables(colour, grounds, isDark) {
  const wash = mixed(grounds[0], colour, isDark ? 0.18 : 0.1);
  const accent = readable(colour, [...grounds, wash], isDark ? WHITE : BLACK);
  const values = {
    brand: colour, "brand-ink": inkOn(colour), me: colour, "me-ink": inkOn(colour),
    accent, "accent-ink": inkOn(accent), "accent-wash": wash, states: accent, "states-wash": wash,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, hex(value)]));
}
