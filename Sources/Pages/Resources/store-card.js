// One order as a card: what it shows and what can be done with it.

import { address, now } from "./page-api.js";
import { isWaiting, mayReject, nextStep } from "./store-orders.js";
import { age, areaOf, hasText, language, money, text, time } from "./store-text.js";

const template = document.querySelector("#order-card");
const minute = 60_000;
const warnAfter = 3 * minute;
const lateAfter = 7 * minute;
/** A cooking order is nearly due so long before the time that was promised. */
const dueSoon = 3 * minute;
const unsold = ["REJECT", "CANCEL", "EXPIRED"];
const actorOf = { REJECT: "STORE", CANCEL: "CUSTOMER", EXPIRED: "SYSTEM" };

/** A new, empty card; `act(what, id, value)` is called for primary, acknowledge, reject, retry and minutes. */
export function makeCard(id, act) {
  const element = template.content.firstElementChild.cloneNode(true);
  const slots = {};
  for (const slot of element.querySelectorAll("[data-slot]")) slots[slot.dataset.slot] = slot;
  element.dataset.orderId = id;
  slots.ticket.href = address(`ticket/${id}`);
  for (const what of ["primary", "acknowledge", "reject", "retry"]) {
    slots[what].addEventListener("click", (event) => act(what, id, event));
  }
  slots.chips.addEventListener("change", ({ target }) => act("minutes", id, Number(target.value)));
  return { id, element, slots, order: null, drawn: "", chips: "" };
}

/** Shows the order; writes only when something of it has changed. `choices`: the minutes to choose from and the usual. */
export function fillCard(card, order, choices) {
  card.order = order;
  const { element, slots } = card;
  fillAge(card);
  const minutes = order.minutes ?? choices.usual;
  const drawn = JSON.stringify([language, order, choices]);
  if (drawn === card.drawn) return;
  card.drawn = drawn;
  element.dataset.status = order.status;
  element.dataset.waiting = isWaiting(order);
  element.setAttribute("aria-label", text("order.label", { id: order.id }));
  slots.number.textContent = text("order.number", { id: order.id });
  slots.ticket.setAttribute("aria-label", text("order.ticket", { id: order.id }));
  slots.ticket.title = text("ticket");
  put(slots.remark, order.remark?.key ? text(order.remark.key) : "");
  slots.items.replaceChildren(...order.items.map(itemRow));
  put(slots.note, order.note);
  slots.ordered.textContent = text("order.ordered", { time: time(order.orderedAt) });
  slots.total.textContent = money(order.amount);
  // The area while it is decided and cooked; all of it for whoever brings it.
  put(slots.place, nextStep(order)?.endsWith("delivery") ? order.address : areaOf(order.address));
  put(slots.progress, progress(order));
  fillMinutes(card, order, choices, minutes);
  fillFailure(slots, order);
  fillSteps(card, order, minutes);
}

/** The age of a new order, the time that is left of one that cooks, nothing to hurry about for the others. */
export function fillAge({ slots, order }) {
  const left = order.readyAt === null ? null : order.readyAt - now();
  const isCooking = order.status === "ACCEPT" || order.status === "COOKING";
  if (isCooking && left !== null) {
    write(slots.age, "age", left < 0 ? "late" : left < dueSoon ? "warn" : "fresh");
    const n = Math.ceil(Math.abs(left) / minute);
    return put(slots.age, text(left < 0 ? "due.late" : "due.left", { n }));
  }
  const passed = now() - order.orderedAt;
  const matters = order.status === "ORDER" || isCooking;
  write(slots.age, "age", !matters ? "none" : passed < warnAfter ? "fresh" : passed < lateAfter ? "warn" : "late");
  put(slots.age, age(order.orderedAt, now()));
}

function fillMinutes(card, order, { minutes: choices }, chosen) {
  const { slots } = card;
  slots.minutes.hidden = order.status !== "ORDER";
  slots.legend.textContent = text("minutes.legend");
  if (slots.minutes.hidden) return;
  const chips = `${language} ${choices.join()}`;
  if (chips !== card.chips) {
    card.chips = chips;
    slots.chips.replaceChildren(...choices.map((n) => chip(order.id, n)));
  }
  for (const input of slots.chips.querySelectorAll("input")) input.checked = Number(input.value) === chosen;
}

function chip(id, n) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: `minutes-${id}`, value: n });
  const shown = document.createElement("span");
  shown.textContent = text("minutes.short", { n });
  input.setAttribute("aria-label", text("minutes", { n }));
  label.append(input, shown);
  return label;
}

function fillFailure(slots, { failure, busy }) {
  slots.failure.hidden = failure === null;
  slots.retry.textContent = text("retry");
  slots.retry.setAttribute("aria-busy", busy !== null);
  if (failure === null) return put(slots.failureText, "");
  const reason = failure.kind === "limited" ? "failure.server" : `failure.${failure.kind}`;
  put(slots.failureText, text("step.failed", { step: text(`step.${failure.step}`), reason: text(reason) }));
}

function fillSteps({ element, slots }, order, minutes) {
  const step = nextStep(order);
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  slots.primary.hidden = step === null;
  slots.primary.dataset.step = step ?? "";
  slots.primary.setAttribute("aria-busy", order.busy !== null && order.busy === step);
  if (step) slots.primary.replaceChildren(...stepWords(step, minutes));
  slots.acknowledge.hidden = !isWaiting(order);
  slots.acknowledge.textContent = text("step.acknowledge");
  slots.acknowledge.setAttribute("aria-busy", order.busy === "acknowledge");
  slots.reject.hidden = !mayReject(order);
  slots.reject.textContent = text("step.reject");
  slots.reject.setAttribute("aria-busy", order.busy === "reject");
  slots.steps.hidden = step === null && !mayReject(order);
  // What had the focus may be gone: the card itself keeps it.
  if (focused && focused !== element && focused.closest("[hidden]")) element.focus({ preventScroll: true });
}

/** The step, with the minutes where there is room for them. */
function stepWords(step, minutes) {
  if (step !== "accept") return [text(`step.${step}`)];
  const extra = document.createElement("span");
  extra.textContent = `· ${text("minutes", { n: minutes })}`;
  return [text("step.accept"), extra];
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

/** What happened to the order last, who did it and when, and what is expected next. */
export function progress(order) {
  const { status } = order;
  if (status === "ORDER") {
    return order.acknowledgedAt ? text("order.acknowledged", { time: time(order.acknowledgedAt) }) : "";
  }
  const parts = [hasText(`status.${status}`) ? text(`status.${status}`) : status];
  // A rider who takes it has not cooked it.
  const actor = status === "COOKED" ? "STORE" : order.actor ?? actorOf[status];
  if (hasText(`actor.${actor}`)) parts.push(text(`actor.${actor}`));
  if (order.changedAt) parts.push(time(order.changedAt));
  if (status === "ACCEPT" || status === "COOKING") {
    if (order.readyAt) parts.push(text("order.ready", { time: time(order.readyAt) }));
    else if (order.prepMinutes) parts.push(text("order.prep", { n: order.prepMinutes }));
  }
  if (status === "COOKED") parts.push(text(order.riderId === null ? "order.rider.waiting" : "order.rider.assigned"));
  if (status === "REJECT" && hasText(`reason.${order.reason}`)) parts.push(text(`reason.${order.reason}`));
  if (unsold.includes(status) && order.reasonNote) parts.push(order.reasonNote);
  return parts.join(" · ");
}

function write(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

function put(element, content) {
  if (element.textContent !== content) element.textContent = content;
  element.hidden = content === "";
}
