//! Which language the page speaks, and its words in it.
//!
//! Chinese unless `?lang=en` or an earlier choice says otherwise; the choice is kept in the browser. A code that the
//! page has no word for is shown as the code: never blank, never a guess. The words themselves are in `words.js`.

import { WORDS } from "./words.js";
import { setText } from "./text.js";

const LANGUAGES = ["zh", "en"];
const KEPT_AS = "liandong.lang";
const listeners = [];
let chosen = 0;

/** `zh` or `en`. */
export function language() {
  return LANGUAGES[chosen];
}

/** The page's word under a key; `{name}` in it is replaced by the value of that name. */
export function word(key, values = {}) {
  const pair = WORDS[key];
  const text = pair ? pair[chosen] : key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The word for a code of the centre, such as kind `crash_injury`; the code itself where there is none. */
export function coded(group, code) {
  const pair = WORDS[`${group}.${code}`];
  return pair ? pair[chosen] : String(code ?? "");
}

/** Takes the language from the address or from an earlier visit. */
export function chooseAtStart() {
  const asked = new URLSearchParams(location.search).get("lang");
  choose(LANGUAGES.includes(asked) ? asked : kept(), false);
}

/** Speaks another language from now on, and remembers it. */
export function choose(name, remember = true) {
  chosen = Math.max(0, LANGUAGES.indexOf(name));
  document.documentElement.lang = chosen === 0 ? "zh-CN" : "en";
  document.title = word("page.title");
  for (const node of document.querySelectorAll("[data-word]")) {
    setText(node, word(node.dataset.word));
  }
  for (const node of document.querySelectorAll("[data-word-label]")) {
    node.setAttribute("aria-label", word(node.dataset.wordLabel));
    node.setAttribute(node.tagName === "INPUT" ? "placeholder" : "title", word(node.dataset.wordLabel));
  }
  if (remember) {
    keep(LANGUAGES[chosen]);
  }
  listeners.forEach((listener) => listener());
}

/** Calls back after each change of language. */
export function onLanguage(listener) {
  listeners.push(listener);
}

// A browser may forbid storage; then the choice lasts as long as the page.
function kept() {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null;
  }
}

function keep(name) {
  try {
    localStorage.setItem(KEPT_AS, name);
  } catch {
    // Nothing to do: the language is spoken, only not remembered.
  }
}
