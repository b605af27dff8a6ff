// The demo of the widget: what is chosen stands in the address, and the widget is put into the page with it.

const form = document.getElementById("options");
const chosen = new URLSearchParams(location.search);
for (const field of form.elements) {
  const value = chosen.get(field.name);
  const isKnown = field.type === "color" ? /^#[0-9a-f]{6}$/.test(value) : [...(field.options ?? [])].some((one) => one.value === value);
  if (isKnown) field.value = value;
}

const options = Object.fromEntries(new FormData(form));
const script = document.createElement("script");
script.src = new URL("/widget.js", location.href).href;
script.async = true;
Object.assign(script.dataset, options);
if (options.policy) document.body.append(script);

const attributes = Object.entries(options).map(([name, value]) => ` data-${name}="${value}"`);
document.getElementById("line").textContent = `<script src="${script.src}"${attributes.join("")} async></scr` + "ipt>";

// A widget stays what it was made: another choice is another page.
form.addEventListener("change", () => (location.search = new URLSearchParams(new FormData(form)).toString()));
form.addEventListener("submit", (event) => event.preventDefault());
