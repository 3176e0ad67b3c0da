// The board: cards in columns. Elements are kept and moved, so that nothing jumps and focus stays where it was.

import { fillAge, fillCard, makeCard } from "./store-card.js";
import { columns, isWaiting, shownOpen } from "./store-orders.js";
import { text } from "./store-text.js";

const board = document.querySelector("#board");
const jump = document.querySelector("#jump");
const wide = matchMedia("(min-width: 900px)");
const lists = Object.fromEntries(columns.map((name) => [name, document.querySelector(`#orders-${name}`)]));
const newScroll = lists.new.parentElement;
const cards = new Map();
let live = false;

/** Shows the orders. `act` is what cards call, `choices` the minutes, `isTrimmed` whether more have ended today. */
export function render(arranged, { act, choices, isTrimmed }) {
  const focused = document.activeElement?.closest(".order-card");
  const place = focused ? placeOf(focused) : null;
  const shown = new Set();
  for (const column of columns) {
    const orders = arranged[column];
    const visible = orders.slice(0, column === "done" ? undefined : shownOpen);
    let next = lists[column].firstElementChild;
    for (const order of visible) {
      shown.add(order.id);
      const card = cards.get(order.id) ?? newCard(order.id, act);
      if (card.element === next) next = next.nextElementSibling;
      else move(card.element, lists[column], next);
      fillCard(card, order, choices);
    }
    const count = `${orders.length}${column === "done" && isTrimmed ? "+" : ""}`;
    for (const element of document.querySelectorAll(`[data-count="${column}"]`)) element.textContent = count;
    const section = lists[column].closest(".column");
    section.dataset.empty = orders.length === 0;
    const more = section.querySelector(".more");
    if (more) {
      more.hidden = orders.length === visible.length;
      more.textContent = text("order.later", { n: orders.length - visible.length });
    }
  }
  for (const [id, card] of cards) {
    if (shown.has(id)) continue;
    card.element.remove();
    cards.delete(id);
  }
  document.querySelector("#tab-new").toggleAttribute("data-waiting", arranged.new.some(isWaiting));
  live = true;
  if (place) keepFocus(focused, place);
  renderJump();
}

/** Brings the ages up to date. */
export function renderAges() {
  for (const card of cards.values()) fillAge(card);
}

/** Draws the eye to the column of new orders. */
export function pulse() {
  const column = lists.new.closest(".column");
  column.classList.remove("pulse");
  requestAnimationFrame(() => column.classList.add("pulse"));
}

/** On a phone one column shows at a time. */
export function showColumn(name) {
  board.dataset.tab = name;
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isSelected = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", isSelected);
    tab.tabIndex = isSelected ? 0 : -1;
  }
  renderJump();
}

/** Moves the focus to the neighbouring card, within the column or to another one. */
export function moveFocus(key) {
  const current = document.activeElement?.closest(".order-card");
  const column = current?.closest(".column").dataset.column ?? board.dataset.tab;
  const siblings = [...lists[column].children];
  const index = siblings.indexOf(current);
  let target = null;
  if (!current) {
    target = siblings[0] ?? document.querySelector(".order-card");
  } else if (key === "ArrowUp" || key === "ArrowDown") {
    target = siblings[index + (key === "ArrowDown" ? 1 : -1)];
  } else {
    const order = key === "ArrowRight" ? columns : columns.toReversed();
    const next = order.slice(order.indexOf(column) + 1).find((name) => lists[name].children.length > 0);
    if (next) target = lists[next].children[Math.min(index, lists[next].children.length - 1)];
  }
  if (!target) return;
  showColumn(target.closest(".column").dataset.column);
  focus(target);
}

/** The order in whose card the focus is. */
export function focusedOrder() {
  const card = document.activeElement?.closest(".order-card");
  return card ? Number(card.dataset.orderId) : null;
}

/** Puts the focus on an order's card, where it is shown. */
export function focusOrder(id) {
  const card = cards.get(id);
  if (card?.element.checkVisibility()) focus(card.element);
}

function newCard(id, act) {
  const card = makeCard(id, act);
  cards.set(id, card);
  return card;
}

function move(element, list, before) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.classList.toggle("arrive", live);
  list.insertBefore(element, before);
  focused?.focus({ preventScroll: true });
}

function placeOf(element) {
  const list = element.parentElement;
  return { list, index: [...list.children].indexOf(element) };
}

/** A card that had the focus and is gone, or went to a column that is not shown, hands it to its neighbour. */
function keepFocus(element, { list, index }) {
  if (element.isConnected && element.checkVisibility()) return;
  const neighbour = list.children[Math.min(index, list.children.length - 1)];
  if (neighbour?.checkVisibility()) return neighbour.focus({ preventScroll: true });
  document.querySelector("[role=tab][aria-selected=true]")?.focus({ preventScroll: true });
}

function focus(element) {
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

/** The way to new orders that are below the edge of their column. */
function renderJump() {
  const edge = newScroll.scrollTop + newScroll.clientHeight;
  const shown = wide.matches || board.dataset.tab === "new";
  const below = [...cards.values()].filter(
    ({ element, order }) => isWaiting(order) && element.offsetTop + 40 > edge,
  );
  jump.hidden = !shown || below.length === 0;
  jump.textContent = text("order.below", { n: below.length });
  jump.onclick = () => below[0]?.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

newScroll.addEventListener("scroll", renderJump, { passive: true });
addEventListener("resize", renderJump);
