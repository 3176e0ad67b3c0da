// The board: cards in columns. Elements are kept and moved, so that nothing jumps and focus stays where it was.

import { now } from "./page-api.js";
import { columns, isWaiting, nextStep } from "./store-orders.js";
import { age, hasText, language, money, text, time } from "./store-text.js";

const board = document.querySelector("#board");
const template = document.querySelector("#order-card");
const jump = document.querySelector("#jump");
const wide = matchMedia("(min-width: 900px)");
const warnAfter = 3 * 60_000;
const lateAfter = 7 * 60_000;
const lists = Object.fromEntries(columns.map((name) => [name, document.querySelector(`#orders-${name}`)]));
const newScroll = lists.new.parentElement;
const cards = new Map();
let live = false;

/** Shows the orders; `act(id, step)` is what a card's button does. */
export function render(arranged, act) {
  const shown = new Set();
  for (const column of columns) {
    const orders = arranged[column];
    let place = lists[column].firstElementChild;
    for (const order of orders) {
      shown.add(order.id);
      const card = cardOf(order, act);
      if (card.element === place) place = place.nextElementSibling;
      else move(card.element, lists[column], place);
      fill(card, order);
    }
    for (const count of document.querySelectorAll(`[data-count="${column}"]`)) count.textContent = orders.length;
    lists[column].closest(".column").dataset.empty = orders.length === 0;
  }
  for (const [id, card] of cards) {
    if (shown.has(id)) continue;
    card.element.remove();
    cards.delete(id);
  }
  document.querySelector("#tab-new").toggleAttribute("data-waiting", arranged.new.some(isWaiting));
  live = true;
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
    tab.setAttribute("aria-selected", tab.dataset.tab === name);
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
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

/** The order whose card itself has the focus. */
export function focusedOrder() {
  const { dataset } = document.activeElement ?? {};
  return dataset?.orderId ? Number(dataset.orderId) : null;
}

function cardOf(order, act) {
  let card = cards.get(order.id);
  if (card) return card;
  const element = template.content.firstElementChild.cloneNode(true);
  const slots = {};
  for (const slot of element.querySelectorAll("[data-slot]")) slots[slot.dataset.slot] = slot;
  card = { element, slots, order, drawn: "" };
  element.dataset.orderId = order.id;
  slots.step.addEventListener("click", () => act(order.id, slots.step.dataset.step));
  cards.set(order.id, card);
  return card;
}

function move(element, list, before) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.classList.toggle("arrive", live);
  list.insertBefore(element, before);
  focused?.focus({ preventScroll: true });
}

function fill(card, order) {
  const { element, slots } = card;
  card.order = order;
  fillAge(card);
  const step = nextStep(order);
  const drawn = [language, order.status, order.acknowledgedAt, order.changedAt, order.busy, order.failure].join();
  if (drawn === card.drawn) return;
  card.drawn = drawn;
  if (!step && document.activeElement === slots.step) element.focus({ preventScroll: true });
  element.dataset.status = order.status;
  element.dataset.waiting = isWaiting(order);
  slots.number.textContent = text("order.number", { id: order.id });
  slots.items.replaceChildren(...order.items.map(itemRow));
  put(slots.note, order.note);
  slots.ordered.textContent = text("order.ordered", { time: time(order.orderedAt) });
  slots.total.textContent = money(order.amount);
  put(slots.progress, progress(order));
  put(slots.failure, order.failure ? text("step.failed", { reason: text(order.failure) }) : "");
  slots.step.hidden = step === null;
  slots.step.dataset.step = step ?? "";
  slots.step.setAttribute("aria-busy", order.busy);
  slots.step.textContent = step ? text(order.failure ? "retry" : `step.${step}`) : "";
}

function fillAge({ slots, order }) {
  const passed = now() - order.orderedAt;
  const matters = order.status === "ORDER" || order.status === "ACCEPT";
  slots.age.dataset.age = !matters ? "none" : passed < warnAfter ? "fresh" : passed < lateAfter ? "warn" : "late";
  slots.age.textContent = age(order.orderedAt, now());
}

function itemRow(item) {
  const row = document.createElement("li");
  const name = document.createElement("span");
  const quantity = document.createElement("b");
  const price = document.createElement("span");
  quantity.textContent = item.quantity;
  name.append(quantity, ` × ${item.name}`);
  price.textContent = money(item.amount * item.quantity);
  price.className = "muted";
  row.append(name, price);
  return row;
}

/** What happened to the order last, who did it and when. */
function progress(order) {
  if (order.status === "ORDER") {
    return order.acknowledgedAt ? text("order.acknowledged", { time: time(order.acknowledgedAt) }) : "";
  }
  const parts = [hasText(`status.${order.status}`) ? text(`status.${order.status}`) : order.status];
  if (hasText(`actor.${order.actor}`)) parts.push(text(`actor.${order.actor}`));
  if (order.changedAt) parts.push(time(order.changedAt));
  if (order.prepMinutes && order.status === "ACCEPT") parts.push(text("order.prep", { n: order.prepMinutes }));
  return parts.join(" · ");
}

function put(element, content) {
  element.textContent = content;
  element.hidden = content === "";
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
