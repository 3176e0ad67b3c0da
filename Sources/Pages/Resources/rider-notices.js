// What the rider's page says about itself: the connection, problems, short messages.

import { clock, text } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const toastTime = 5_000;
let toastTimer = 0;

/** The pill and, once contact is lost, the banner. Called every second: it writes only what changes. */
export function renderConnection({ state, since, lastContact }) {
  const waited = Math.max(0, Math.round((Date.now() - since) / 1_000));
  const never = state === "reconnecting" && lastContact === 0;
  const values = { n: waited, time: since ? clock(since) : "" };
  $("#connection").dataset.state = state;
  write("#connection-text", text(never ? "connection.first" : `connection.${state}`, values));
  const lost = state === "lost";
  if (lost) {
    const last = lastContact ? text("rider.lost.text", { last: clock(lastContact, { seconds: true }) }) : null;
    write("#lost-title", text("rider.lost", values));
    write("#lost-text", last ?? text("rider.lost.never"));
  }
  $("#lost-notice").hidden = !lost;
  write("#empty-hint", text(lost ? "rider.empty.lost" : "rider.empty.hint"));
}

/** Takes the place of the board when there is nothing to show. */
export function showProblem(failure, delay) {
  const forbidden = failure.kind === "forbidden";
  const reason = text(`failure.${failure.kind === "network" ? "network" : "server"}`);
  write("#problem-title", text(forbidden ? "rider.problem.forbidden" : "rider.problem"));
  const again = `${reason} ${text("failure.again", { n: delay })}`;
  write("#problem-text", forbidden ? text("rider.problem.forbidden.text") : again);
  $("#board").dataset.state = "problem";
  $("#problem").hidden = false;
}

export function hideProblem() {
  $("#problem").hidden = true;
}

export function showToast(message) {
  clearTimeout(toastTimer);
  write("#toast", message);
  $("#toast").hidden = false;
  toastTimer = setTimeout(() => ($("#toast").hidden = true), toastTime);
}

function write(selector, content) {
  const element = $(selector);
  if (element.textContent !== content) element.textContent = content;
}
