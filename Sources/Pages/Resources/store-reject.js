// The sheet that asks why an order is rejected.

import { mayReject } from "./store-orders.js";
import { openSheet } from "./store-sheets.js";
import { text } from "./store-text.js";

export const reasons = [
  "OUT_OF_ITEMS", "KITCHEN_CLOSED", "TOO_BUSY", "CANNOT_COMPLETE_NOTE", "CUSTOMER_CALLED", "OTHER",
];

const sheet = document.querySelector("#reject");
const form = sheet.querySelector("form");
const submit = sheet.querySelector("#reject-submit");
let asked = null;
let answer = null;

/** Asks for the reason; `reject(body)` is called with it. */
export function askReason(order, reject) {
  asked = { id: order.id, status: order.status };
  answer = reject;
  form.reset();
  submit.disabled = true;
  renderReject();
  openSheet(sheet);
}

/** The order that the sheet is about may be gone or changed meanwhile. */
export function checkReject(orders) {
  if (!asked || !sheet.open) return;
  const order = orders.get(asked.id);
  if (!order || !mayReject(order) || order.status !== asked.status) sheet.close();
}

export function renderReject() {
  if (asked) sheet.querySelector("#reject-title").textContent = text("reject.title", { id: asked.id });
}

form.addEventListener("change", () => (submit.disabled = !form.elements.reason.value));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const reason = form.elements.reason.value;
  if (!reason || !asked) return;
  const body = { reason };
  const note = form.elements.note.value.trim();
  if (note) body.note = note;
  // Says what was seen: an order that another tab has accepted meanwhile is not rejected by mistake.
  if (asked.status !== "ORDER") body.expected_status = asked.status;
  sheet.close();
  answer(body);
});
sheet.addEventListener("close", () => (asked = null));
