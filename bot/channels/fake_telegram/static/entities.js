// A message's text with its entities drawn. Offsets are UTF-16 units, which is what JavaScript's strings count in.

const BLOCKS = new Set(["BLOCKQUOTE", "PRE"]);
const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};

/** An element. attributes: set one by one; children: elements or plain text, never markup. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

/** The text as nodes. command: called with a "/command" that was clicked; open: with an address, true if it took it. */
export function drawn(text, entities, { command, open }) {
  const sorted = [...entities].sort((one, other) => one.offset - other.offset || other.length - one.length);
  return withoutDoubleBreaks(between(text, 0, text.length, sorted, { command, open }));
}

/** A quotation stands on lines of its own: the line breaks around it in the text would be empty lines. */
function withoutDoubleBreaks(nodes) {
  const isBlock = (node) => BLOCKS.has(node?.tagName);
  return nodes.map((node, at) => {
    if (typeof node !== "string") return node;
    const after = isBlock(nodes[at - 1]) ? node.replace(/^\n/, "") : node;
    return isBlock(nodes[at + 1]) ? after.replace(/\n$/, "") : after;
  });
}

function between(text, from, to, entities, actions) {
  const nodes = [];
  const rest = [...entities];
  let at = from;
  while (rest.length) {
    const entity = rest.shift();
    const [start, end] = [Math.max(entity.offset, at), Math.min(entity.offset + entity.length, to)];
    if (end <= start) continue;
    const inner = [];
    while (rest.length && rest[0].offset < end) {
      const other = rest.shift();
      inner.push(other);
      const over = other.offset + other.length - end;
      if (over > 0) rest.unshift({ ...other, offset: end, length: over }); // it goes on behind this one
      if (over > 0) break;
    }
    const children = between(text, start, end, inner, actions);
    nodes.push(text.slice(at, start), element(entity, text.slice(start, end), children, actions));
    at = end;
  }
  nodes.push(text.slice(at, to));
  return nodes.filter((node) => node !== "");
}

function element(entity, words, children, actions) {
  if (entity.type in TAGS) return make(TAGS[entity.type], {}, ...children);
  if (entity.type === "spoiler") return make("span", { class: "spoiler", tabindex: "0" }, ...children);
  if (entity.type === "text_link") return link(entity.url, children, actions);
  if (entity.type === "url") return link(words, children, actions);
  if (entity.type === "bot_command") {
    const made = make("button", { type: "button", class: "command" }, ...children);
    made.addEventListener("click", () => actions.command(words));
    return made;
  }
  return make("span", { class: "marked" }, ...children);
}

/** A link that opens in a new tab, unless it leads to the bot itself. Other addresses than web pages stay text. */
export function link(address, children, { open }) {
  if (!/^(https?|tg):\/\//i.test(address)) return make("span", { class: "marked" }, ...children);
  const made = make("a", { href: address, target: "_blank", rel: "noopener noreferrer", title: address }, ...children);
  made.addEventListener("click", (event) => {
    if (open(address)) event.preventDefault();
  });
  return made;
}
