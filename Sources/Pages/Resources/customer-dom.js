// Building elements. What somebody typed is always text: nothing here reads markup.

const vectors = "http://www.w3.org/2000/svg";

/**
 * An element. `options` are attributes; `on…` functions become listeners, `true` an empty attribute, and what is null,
 * undefined or false is left out. Children are elements or texts, likewise.
 */
export function h(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A picture from the page's own set. */
export function icon(name, size = "") {
  const picture = document.createElementNS(vectors, "svg");
  picture.setAttribute("class", `icon ${size}`);
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(vectors, "use");
  use.setAttribute("href", `#icon-${name}`);
  picture.append(use);
  return picture;
}

/** Gives a container new children; the focus stays at the element that has the same `data-key`. */
export function fill(container, ...children) {
  const { activeElement } = document;
  const key = container.contains(activeElement) ? activeElement.dataset.key : null;
  container.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (key) container.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
}

/** A button; while what it started has not ended it does nothing more. */
export function button(label, act, options = {}) {
  let busy = false;
  const start = async () => {
    if (busy || element.getAttribute("aria-disabled") === "true") return;
    busy = true;
    element.setAttribute("aria-busy", "true");
    try {
      await act();
    } finally {
      busy = false;
      element.removeAttribute("aria-busy");
    }
  };
  const { class: style = "", ...others } = options;
  const element = h("button", { type: "button", class: `button ${style}`, onclick: start, ...others }, label);
  return element;
}

/** What a field wants to be told, in a sentence below it. */
export function field(label, input, hint = "") {
  const id = input.id;
  const error = h("p", { id: `${id}-error`, class: "field-error", role: "alert", hidden: true });
  const note = hint ? h("p", { id: `${id}-hint`, class: "muted small" }, hint) : null;
  input.setAttribute("aria-describedby", hint ? `${id}-hint ${id}-error` : `${id}-error`);
  const element = h("div", { class: "field" }, h("label", { for: id }, label), input, note, error);
  const say = (sentence) => {
    error.textContent = sentence;
    error.hidden = sentence === "";
    input.setAttribute("aria-invalid", sentence !== "");
  };
  return { element, input, say };
}
