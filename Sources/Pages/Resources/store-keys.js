// The keys. Letters by their place too, since a Korean layout gives ㅡ for M and ㄱ for R.

import { focusedOrder, moveFocus, showColumn } from "./store-cards.js";
import { columns } from "./store-orders.js";
import { isSheetOpen, openSheet } from "./store-sheets.js";

/** `act(what, id)` does what the buttons of a card do. */
export function listenToKeys({ act, toggleSound }) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isSheetOpen()) return;
    if (pressed(event, act, toggleSound)) event.preventDefault();
  });
}

function pressed({ key, code, target, repeat }, act, toggleSound) {
  if (target.closest?.("[role=tablist]") && moveTab(key, target)) return true;
  const isField = target.matches?.("input, textarea, select");
  if (isField && (key.startsWith("Arrow") || target.type !== "radio")) return false;
  if (key.startsWith("Arrow")) {
    moveFocus(key);
    return true;
  }
  if (repeat) return false;
  const id = focusedOrder();
  // A button, a link and a summary know themselves what Enter means.
  if (key === "Enter" && id !== null && !target.matches("button, a, summary")) {
    act("enter", id);
    return true;
  }
  if (id !== null && /^[1-5]$/.test(key)) return choose(id, Number(key), act);
  if (id !== null && is(key, code, "r")) {
    act("reject", id);
    return true;
  }
  if (is(key, code, "m")) {
    toggleSound();
    return true;
  }
  if (key === "?") {
    openSheet(document.querySelector("#keys"));
    return true;
  }
  if (key === "Escape") closeMenu();
  return false;
}

const is = (key, code, letter) => key.toLowerCase() === letter || code === `Key${letter.toUpperCase()}`;

/** The n-th of the minutes, while the order waits to be accepted. */
function choose(id, n, act) {
  const chips = document.querySelectorAll(`.order-card[data-order-id="${id}"] [data-slot=minutes]:not([hidden]) input`);
  if (!chips[n - 1]) return false;
  act("minutes", id, Number(chips[n - 1].value));
  return true;
}

function moveTab(key, tab) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!step) return false;
  const name = columns.at((columns.indexOf(tab.dataset.tab) + step) % columns.length);
  showColumn(name);
  document.querySelector(`[role=tab][data-tab=${name}]`).focus();
  return true;
}

function closeMenu() {
  const menu = document.querySelector("#menu");
  if (!menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}
