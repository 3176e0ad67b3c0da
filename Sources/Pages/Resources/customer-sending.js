// Sending an order so that it is stored once, whatever happens on the way: the same key goes with it until the server
// has said what became of it, also after a reload and from another tab.

import { Failure, now } from "./page-api.js";
import * as basket from "./customer-basket.js";
import { button, fill, h, icon } from "./customer-dom.js";
import { toast } from "./customer-notices.js";
import { isUnsure, placed as followPlaced } from "./customer-orders.js";
import { ask, me } from "./customer-session.js";
import { money, reason, text, time } from "./customer-text.js";

/** A reload in the middle goes on by itself; one that was left for longer asks first. */
const freshFor = 2 * 60_000;
/** The server remembers a key for a day. */
const keptFor = 20 * 60 * 60_000;
const tries = 6;
const forEver = 60 * 60_000;
let sending = false;
let shown = null;

function attemptOfMine() {
  const attempt = basket.attempt();
  if (!attempt || attempt.user !== me?.id || !attempt.key || !attempt.body) return null;
  if (now() - attempt.at < keptFor) return attempt;
  basket.forgetAttempt();
  return null;
}

/** Sends what is in the basket; the host shows what becomes of it. */
export async function send(host, body, amount) {
  const earlier = attemptOfMine();
  const isSame = earlier && JSON.stringify(earlier.body) === JSON.stringify(body);
  const attempt = isSame ? earlier : { key: basket.freshKey(), user: me.id, body, amount, at: now() };
  basket.keepAttempt(attempt);
  await deliver(host, attempt);
}

/** Goes on with an order that was under way. Gives whether there was one. */
export function resume(host) {
  const attempt = attemptOfMine();
  if (!attempt) return wasPlaced(host);
  if (now() - attempt.at < freshFor) {
    again(host, attempt);
    return true;
  }
  const values = { time: time(attempt.at), total: money(attempt.amount) };
  host.bar(null);
  fill(host.root, card(
    text("checkout.left"), text("checkout.left.hint", values),
    button(text("checkout.again"), () => again(host, attempt), { class: "primary", id: "again" }),
    button(text("checkout.drop"), () => drop(host), { id: "drop" }),
  ));
  return true;
}

/** Its reply may have come when a reload had begun already: then nothing is left to send, and the order is there. */
function wasPlaced(host) {
  const last = basket.lastPlaced();
  if (!basket.isEmpty() || last?.user !== me?.id || now() - last.at > freshFor) return false;
  setTimeout(() => host.isShown() && host.replace(`#/order/${last.id}`));
  return true;
}

function again(host, attempt) {
  host.bar(null);
  fill(host.root, card(text("checkout.sending"), text("checkout.sending.hint")));
  return deliver(host, attempt);
}

function drop(host) {
  basket.forgetAttempt();
  host.reopen();
}

/** Takes the place of the checkout while nobody knows whether the order is stored. */
function cover(host, attempt, failure, wait) {
  if (!host.isShown()) return;
  const values = { reason: reason(failure), n: Math.round(wait / 1000) };
  host.bar(null);
  fill(host.root, card(
    text("checkout.unsure"), text(wait ? "checkout.unsure.hint" : "checkout.unsure.stop", values),
    button(text("checkout.again"), () => again(host, attempt), { class: "primary", id: "again", "data-key": "again" }),
  ));
}

const card = (title, hint, ...actions) => h(
  "section", { class: "empty", role: "status" }, icon("orders", "large"), h("h2", {}, title),
  h("p", { class: "muted" }, hint), actions,
);

/** Sends until the server has answered, one attempt at a time; whoever asks last is told. */
async function deliver(host, attempt) {
  shown = host;
  if (sending) return wake();
  sending = true;
  try {
    for (let count = 1; ; count += 1) {
      const failure = await post(attempt).then((order) => placed(attempt, order), asFailure);
      if (!failure || failure.kind === "unauthorized") return;
      if (!mayBeStored(failure)) {
        basket.forgetAttempt();
        if (shown.isShown()) shown.reopen(failure);
        return;
      }
      const wait = Math.max(failure.retryAfter * 1000, Math.min(15_000, 1000 * 2 ** count));
      if (!shown.isShown()) return;
      cover(shown, attempt, failure, count < tries ? wait : 0);
      await pause(count < tries ? wait : forEver);
      if (!shown.isShown()) return;
    }
  } finally {
    sending = false;
  }
}

const asFailure = (error) => (error instanceof Failure ? error : new Failure("network"));
const post = ({ key, body }) => ask("POST", "api/user-order", body, { "Idempotency-Key": key });

/** Whether the order may be stored already, or may be once it is sent again. */
const mayBeStored = (failure) =>
  isUnsure(failure) || failure.kind === "limited" || (failure.status === 409 && failure.code === 409);

function placed(attempt, order) {
  basket.keepPlaced({ id: order.id, user: attempt.user, at: now() });
  basket.forgetAttempt();
  const { storeID, lines } = basket.basket();
  const same = storeID === attempt.body.store_id
    && JSON.stringify(lines.map((line) => [line.id, line.quantity]))
      === JSON.stringify(attempt.body.items.map((item) => [item.store_menu_id, item.quantity]));
  // What was put into the basket meanwhile, in another tab, stays.
  if (same) basket.clear();
  followPlaced(order.id);
  if (shown.isShown()) shown.replace(`#/order/${order.id}`);
  else toast(text("checkout.placed", { id: order.id }));
  return null;
}

let wake = () => {};

/** Waits, unless somebody asks for it or the network is back. */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(end, milliseconds);
    function end() {
      clearTimeout(timer);
      removeEventListener("online", end);
      wake = () => {};
      resolve();
    }
    wake = end;
    addEventListener("online", end);
  });
}
