//! The only way by which text gets onto the page: as text nodes, made harmless first.
//!
//! What callers, carriers and units say is shown as it was said, never read as markup, and what would move or hide other
//! text (control signs, signs that turn the direction of writing) is shown by its number instead. Nothing on this page
//! writes HTML from a string; `../console.rs` has a test that says so. Go on with `language.js` for the page's own words.

/** Controls but for tab and line feed, directional signs, separators, marks of annotation, tags, lone surrogates. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/gu;

/** The text with everything unseen shown by its number, as in [U+202E]. */
export function harmless(text) {
  return String(text).replace(UNSEEN, (sign) => {
    const number = sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `[U+${number}]`;
  });
}

/**
 * An element. Attributes are set by name, listeners as `onclick: function`; children are nodes, texts, lists of them or
 * null. Texts become text nodes.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (typeof value === "function") {
      made.addEventListener(name.slice(2), value);
    } else {
      made.setAttribute(name, value === true ? "" : harmless(value));
    }
  }
  return fill(made, children);
}

/** Text of somebody else: isolated, so that its direction of writing stays its own. */
export function foreign(text, className = "") {
  return element("bdi", { dir: "auto", class: className || null }, text ?? "");
}

/** Replaces what is in an element. */
export function replace(parent, ...children) {
  parent.replaceChildren();
  return fill(parent, children);
}

/** Sets an element's text, where it differs. */
export function setText(node, text) {
  const shown = harmless(text);
  if (node.textContent !== shown) {
    node.textContent = shown;
  }
}

function fill(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) {
      continue;
    }
    parent.append(child instanceof Node ? child : document.createTextNode(harmless(child)));
  }
  return parent;
}
