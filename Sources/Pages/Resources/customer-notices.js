// What the page says about itself: lost contact, short messages, questions, and what cannot be shown.

import { button, h, icon } from "./customer-dom.js";
import { clock, reason, text } from "./customer-text.js";

const $ = (selector) => document.querySelector(selector);
const toastTime = 5_000;
let toastTimer = 0;
let connection = { state: "reconnecting", since: 0, lastContact: 0 };

/** Takes what the stream says of itself, all of it or a part. */
export function connectionIs(message) {
  const wasLost = connection.state === "lost";
  connection = { ...connection, ...message };
  renderConnection();
  if (wasLost && connection.state === "connected") toast(text("connection.back"));
}

/** Nobody is connected, and nobody needs to be. */
export function connectionEnded() {
  connection = { state: "reconnecting", since: 0, lastContact: 0 };
  renderConnection();
}

export function renderConnection() {
  const lost = connection.state === "lost";
  document.documentElement.dataset.connection = connection.state;
  $("#lost-title").textContent = lost ? text("connection.lost") : "";
  $("#lost-text").textContent = !lost
    ? ""
    : connection.lastContact
      ? text("connection.lost.text", { last: clock(connection.lastContact, { seconds: true }) })
      : text("connection.never");
  $("#lost").hidden = !lost;
}

export function toast(message) {
  clearTimeout(toastTimer);
  $("#toast").textContent = message;
  $("#toast").hidden = false;
  toastTimer = setTimeout(() => ($("#toast").hidden = true), toastTime);
}

/** Says it to those who hear the page. */
export function announce(message) {
  $("#announcer").textContent = message;
}

/** Asks; gives whether the answer was yes. Anything that closes the question means no. */
export function confirmed(title, explanation, yes, no) {
  const dialog = $("#question");
  if (dialog.open) return Promise.resolve(false);
  $("#question-title").textContent = title;
  $("#question-text").textContent = explanation;
  $("#question-yes").textContent = yes;
  $("#question-no").textContent = no;
  dialog.returnValue = "no";
  dialog.showModal();
  $("#question-no").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** In the place of what there is nothing of. */
export function emptiness(picture, title, hint, ...actions) {
  return h("section", { class: "empty" }, icon(picture, "large"), h("h2", {}, title), h("p", { class: "muted" }, hint), actions);
}

/** In the place of what could not be loaded. */
export function problem(failure, again) {
  return h(
    "section", { class: "empty", role: "alert" }, icon("cross", "large"), h("h2", {}, text("problem.load")),
    h("p", { class: "muted" }, reason(failure)), button(text("retry"), again, { class: "primary", id: "retry" }),
  );
}

/** What stands there while something is loaded: of about the same height, so that nothing jumps. */
export function skeleton(count, style = "") {
  return h(
    "div", { class: `skeleton ${style}`, "aria-hidden": "true" }, Array.from({ length: count }, () => h("i")),
  );
}
