// The rows of the rider's page. Elements are kept and moved, so that nothing jumps and focus stays where it was.

import { now } from "./page-api.js";
import { nextStep } from "./rider-deliveries.js";
import { age, hasText, language, text } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const warnAfter = 5 * 60_000;
const lateAfter = 15 * 60_000;
/** How long a tap does nothing after what lies under the thumb has changed by itself. */
const settle = 500;
const sureFor = 4_000;
const rows = { mine: new Map(), available: new Map() };
let movedAt = -settle;

/** Shows the deliveries; `act(id, step)` is what a row's button does. */
export function render(deliveries, act) {
  const { mine, available, isFull } = deliveries;
  draw("mine", mine, (row, delivery) => fillMine(row, delivery), act);
  draw("available", available, (row, delivery) => fillAvailable(row, delivery, isFull), act);
  const open = available.filter(({ goneAt }) => !goneAt).length;
  write($("#mine-count"), mine.length);
  write($("#available-count"), open);
  $("#mine-section").hidden = mine.length === 0;
  $("#empty").hidden = available.length > 0;
  $("#full").hidden = !isFull || available.length === 0;
  write($("#full"), text("rider.full", { n: deliveries.mostCarried }));
}

/** Brings the ages up to date. */
export function renderAges() {
  for (const row of rows.available.values()) fillAge(row);
}

function draw(name, deliveries, fill, act) {
  const list = $(`#${name}`);
  const shown = new Set(deliveries.map(({ id }) => id));
  for (const [id, row] of rows[name]) {
    if (shown.has(id)) continue;
    row.element.remove();
    rows[name].delete(id);
    if (row.delivery.goneAt) movedAt = performance.now();
  }
  let place = list.firstElementChild;
  for (const delivery of deliveries) {
    const row = rowOf(name, delivery, act);
    if (row.element === place) place = place.nextElementSibling;
    else list.insertBefore(row.element, place);
    row.delivery = delivery;
    fill(row, delivery);
  }
}

function rowOf(name, { id }, act) {
  let row = rows[name].get(id);
  if (row) return row;
  const element = $(`#${name}-row`).content.firstElementChild.cloneNode(true);
  const slots = {};
  for (const slot of element.querySelectorAll("[data-slot]")) slots[slot.dataset.slot] = slot;
  row = { element, slots, drawn: "", timer: 0 };
  element.dataset.orderId = id;
  slots.step.addEventListener("click", () => {
    const { step } = slots.step.dataset;
    if (step === "take" && performance.now() - movedAt < settle) return;
    if (step) act(id, step);
  });
  slots.release?.addEventListener("click", () => releaseTapped(row, act));
  rows[name].set(id, row);
  return row;
}

function fillAvailable(row, delivery, isFull) {
  const { element, slots } = row;
  fillAge(row);
  const { store, busy, failure, goneAt } = delivery;
  const drawn = [language, busy, failure, goneAt, isFull].join();
  if (drawn === row.drawn) return;
  row.drawn = drawn;
  element.dataset.gone = Boolean(goneAt);
  write(slots.store, store.name);
  put(slots.from, store.address);
  write(slots.to, delivery.address);
  write(slots.items, delivery.items);
  put(slots.failure, failure ? text("rider.failed", { reason: text(failure) }) : "");
  put(slots.gone, goneAt ? text("rider.gone") : "");
  slots.step.hidden = Boolean(goneAt);
  slots.step.disabled = isFull;
  slots.step.dataset.step = isFull || goneAt ? "" : "take";
  slots.step.setAttribute("aria-busy", busy);
  write(slots.step, text(failure ? "retry" : "rider.take"));
}

function fillAge({ slots, delivery }) {
  const passed = now() - delivery.readySince;
  slots.age.dataset.age = passed < warnAfter ? "fresh" : passed < lateAfter ? "warn" : "late";
  const key = passed < 60_000 ? "rider.ready.now" : "rider.ready";
  write(slots.age, text(key, { age: age(delivery.readySince, now()) }));
}

function fillMine(row, delivery) {
  const { element, slots } = row;
  const { id, status, store, busy, failure, note } = delivery;
  const drawn = [language, status, busy, failure, row.isSure].join();
  if (drawn === row.drawn) return;
  row.drawn = drawn;
  const isFirst = status === "COOKED";
  // A step stands where another one stood: a double tap must not report both.
  if (row.status !== status) row.settledAt = performance.now() + settle;
  row.status = status;
  element.dataset.status = status;
  write(slots.number, text("rider.number", { id }));
  write(slots.stage, hasText(`rider.stage.${status}`) ? text(`rider.stage.${status}`) : status);
  write(slots.label, text(isFirst ? "rider.from" : "rider.to"));
  write(slots.address, isFirst ? store.name : delivery.address);
  put(slots.detail, isFirst ? store.address : "");
  link(slots.map, `geo:0,0?q=${encodeURIComponent(isFirst ? store.address : delivery.address)}`, text("rider.map"));
  slots.map.hidden = isFirst && store.address === "";
  const number = store.phone_number.replace(/[^0-9+]/g, "");
  link(slots.phone, `tel:${number}`, text("rider.call", { number: store.phone_number }));
  slots.phone.hidden = number === "";
  put(slots.note, note);
  write(slots.items, delivery.items);
  const other = isFirst ? text("rider.then", { address: delivery.address }) : text("rider.picked", { store: store.name });
  write(slots.other, other);
  put(slots.failure, failure ? text("rider.failed", { reason: text(failure) }) : "");
  slots.step.setAttribute("aria-busy", busy);
  write(slots.step, text(failure ? "retry" : `rider.${nextStep(delivery)}`));
  showStep(row, delivery);
  slots.release.hidden = !isFirst;
  slots.release.dataset.sure = Boolean(row.isSure);
  write(slots.release, text(row.isSure ? "rider.release.sure" : "rider.release"));
}

/** A step is there from when it can be tapped. */
function showStep(row, delivery) {
  const wait = row.settledAt - performance.now();
  row.slots.step.dataset.step = wait > 0 ? "" : nextStep(delivery);
  row.slots.step.classList.toggle("settling", wait > 0);
  if (wait > 0) setTimeout(() => row.delivery && showStep(row, row.delivery), wait + 10);
}

/** Giving back needs two taps. */
function releaseTapped(row, act) {
  clearTimeout(row.timer);
  const isSure = row.isSure;
  row.isSure = !isSure;
  if (row.isSure) {
    row.timer = setTimeout(() => {
      row.isSure = false;
      fillMine(row, row.delivery);
    }, sureFor);
  }
  fillMine(row, row.delivery);
  if (isSure) act(row.delivery.id, "release");
}

function link(element, address, content) {
  element.href = address;
  write(element, content);
}

function put(element, content) {
  write(element, content);
  element.hidden = content === "";
}

function write(element, content) {
  const wanted = String(content);
  if (element.textContent !== wanted) element.textContent = wanted;
}
