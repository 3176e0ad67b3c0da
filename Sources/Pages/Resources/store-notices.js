// What the page says about itself: the connection, problems, short messages.

import { clock, text } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const toastTime = 6_000;
let toastTimer = 0;

/** The pill and, once contact is lost, the banner. Called every second: it writes only what changes. */
export function renderConnection({ state, since, lastContact }) {
  const waited = Math.max(0, Math.round((Date.now() - since) / 1_000));
  const never = state === "reconnecting" && lastContact === 0;
  const values = { n: waited, time: since ? clock(since) : "" };
  $("#connection").dataset.state = state;
  write($("#connection-text"), text(never ? "connection.first" : `connection.${state}`, values));
  const lost = state === "lost";
  if ($("#lost-notice").hidden === lost) {
    const last = lastContact ? text("notice.lost.text", { last: clock(lastContact, { seconds: true }) }) : null;
    write($("#lost-title"), lost ? text("notice.lost", values) : "");
    write($("#lost-text"), lost ? last ?? text("notice.lost.never") : "");
    $("#lost-notice").hidden = !lost;
  }
  write($("#empty-new-hint"), text(lost ? "empty.new.lost" : "empty.new.hint"));
}

/** Takes the place of the board when there is nothing to show. */
export function showProblem(failure, delay) {
  const forbidden = failure.kind === "forbidden";
  const reason = text(`failure.${failure.kind === "network" ? "network" : "server"}`);
  write($("#problem-title"), text(forbidden ? "problem.forbidden" : "problem.load"));
  write(
    $("#problem-text"),
    forbidden ? text("problem.forbidden.text") : `${reason} ${text("failure.again", { n: delay })}`,
  );
  $("#board").dataset.state = "problem";
  $("#problem").hidden = false;
}

export function hideProblem() {
  $("#problem").hidden = true;
}

export function showToast(message) {
  clearTimeout(toastTimer);
  write($("#toast"), message);
  $("#toast").hidden = false;
  toastTimer = setTimeout(() => ($("#toast").hidden = true), toastTime);
}

function write(element, content) {
  if (element.textContent !== content) element.textContent = content;
}
