// One order: how it stands, what has happened so far, and what the customer can do.

import { now } from "./page-api.js";
import { button, fill, h, icon } from "./customer-dom.js";
import { announce, confirmed, emptiness, problem, skeleton } from "./customer-notices.js";
import {
  canCancel, canConfirm, change, fetchOrder, isClosed, isUnpaid, isUnsure, onOrders, orderOf, way,
} from "./customer-orders.js";
import { reorder } from "./customer-reorder.js";
import { hasText, money, price, reason, text, time } from "./customer-text.js";

const minute = 60_000;
const failed = new Set(["REJECT", "CANCEL", "EXPIRED"]);

export function order({ id: name }, host) {
  const id = Number(name);
  const head = h("section", { class: "state", "aria-live": "polite" });
  const trouble = h("p", { id: "order-error", class: "form-error", role: "alert", hidden: true });
  const actions = h("div", { class: "actions" });
  const steps = h("ol", { class: "timeline" });
  const details = h("section", { class: "panel" });
  let said = "";
  host.title(text("order.number", { id }));
  host.back("#/orders");
  fill(host.root, head, trouble, actions, h("section", { class: "panel" }, steps), details);
  if (orderOf(id)) show();
  else fill(head, skeleton(1));

  async function load() {
    try {
      await fetchOrder(id);
    } catch (failure) {
      if (failure.kind === "unauthorized" || (orderOf(id) && failure.status !== 404)) return;
      fill(host.root, failure.status === 404
        ? emptiness("orders", text("order.missing"), text("order.missing.hint"))
        : problem(failure, host.reopen));
    }
  }

  function show() {
    const known = orderOf(id);
    if (!known || !host.isShown()) return;
    head.dataset.status = known.status;
    fill(head, headline(known));
    if (said && said !== known.status) {
      announce(text(`state.${known.status}`));
      // What went wrong went wrong with the step before.
      say("");
    }
    said = known.status;
    fill(actions, buttons(known));
    fill(steps, timeline(known));
    fill(details, contents(known));
  }

  function buttons(known) {
    return [
      isUnpaid(known) && button(text("order.pay"), () => act("pay"), { class: "primary wide", id: "pay", "data-key": "pay" }),
      canConfirm(known) && button(
        text("order.confirm"), () => act("confirm"), { class: "primary wide", id: "confirm", "data-key": "confirm" },
      ),
      canCancel(known) && button(text("order.cancel"), askToCancel, { class: "wide", id: "cancel", "data-key": "cancel" }),
      isClosed(known) && button(
        text("order.again"), () => reorder(known, host), { class: "wide", id: "reorder", "data-key": "reorder" },
      ),
    ];
  }

  async function askToCancel() {
    const known = orderOf(id);
    const explanation = text(known.paidAt === null ? "order.cancel.unpaid" : "order.cancel.paid");
    const yes = await confirmed(
      text("order.cancel.ask"), explanation, text("order.cancel.yes"), text("order.cancel.no"),
    );
    if (yes) await act("cancel");
  }

  async function act(action) {
    say("");
    try {
      const changed = await change(id, action);
      if (action === "pay" && changed && isUnpaid(changed) && !isDeclined(changed)) say(text("order.paid.notYet"));
    } catch (failure) {
      if (failure.kind === "unauthorized") return;
      // It may have worked, or somebody else was first: the server knows.
      if (isUnsure(failure) || failure.status === 409) await load();
      say(reason(failure));
    }
  }

  function say(sentence) {
    trouble.textContent = sentence;
    trouble.hidden = sentence === "";
  }

  host.onLeave(onOrders((changed) => {
    if (changed !== null && changed !== id) return;
    if (orderOf(id)?.timeline === null) load();
    show();
  }));
  load();
  host.every(15_000, () => {
    const known = orderOf(id);
    // Nothing tells how a payment goes on that changes no order.
    if (known && (isUnpaid(known) || known.payment?.state === "CANCEL_WANTED")) load();
    show();
  });
}

/** The answer to "what about my order", the time it takes, and what to expect. */
function headline(known) {
  const { status } = known;
  const key = isDeclined(known) ? "state.declined" : `state.${status}`;
  const title = hasText(key) ? text(key) : status;
  const good = !failed.has(status);
  return [
    h("span", { class: "state-sign" }, icon(good ? (status === "RECEIVE" ? "check" : "orders") : "cross")),
    h("h2", {}, title), eta(known), h("p", { class: "muted" }, explanation(known)),
  ];
}

function eta({ status, readyAt }) {
  if (!["ACCEPT", "COOKING"].includes(status) || readyAt === null) return null;
  const left = Math.ceil((readyAt - now()) / minute);
  const words = left > 1 ? text("order.eta.left", { n: left }) : text(left > -5 ? "order.eta.soon" : "order.eta.late");
  return h("p", { class: "eta" }, h("strong", {}, text("order.eta", { time: time(readyAt) })), h("span", {}, words));
}

function explanation(known) {
  const { status, reason: why, reasonNote, paidAt, riderID } = known;
  if (isDeclined(known)) return text("state.declined.hint");
  const refund = refundOf(known);
  const join = (...parts) => parts.filter(Boolean).join(" ");
  switch (status) {
    case "REJECT":
      return join(hasText(`reason.${why}`) ? text(`reason.${why}`) : "", reasonNote && `“${reasonNote}”`, refund);
    case "CANCEL": return refund;
    case "EXPIRED": return join(text(paidAt === null ? "state.EXPIRED.unpaid" : "state.EXPIRED.paid"), refund);
    case "COOKED": return text(riderID === null ? "state.COOKED.hint" : "state.COOKED.rider");
    default: return hasText(`state.${status}.hint`) ? text(`state.${status}.hint`) : "";
  }
}

const isDeclined = (known) => isUnpaid(known) && known.payment?.state === "DECLINED";

/** What becomes of the money of an order that came to nothing. */
function refundOf({ paidAt, payment, amount }) {
  if (paidAt === null) return "";
  const key = { CANCEL_WANTED: "order.refund.soon", CANCELLED: "order.refund.done" }[payment?.state] ?? "order.refund";
  return text(key, { amount: money(amount) });
}

/** What has happened, with its time, and what is still to come. */
function timeline(known) {
  const done = known.timeline ?? [
    { action: "PLACE", status: "REGISTERED", actor: "", at: known.orderedAt },
    ...(known.changedAt > known.orderedAt
      ? [{ action: "", status: known.status, actor: "", at: known.changedAt }] : []),
  ];
  const index = way.indexOf(known.status);
  const ahead = isClosed(known) ? [] : way.slice(index + 1);
  return [
    ...done.map((step, place) => h(
      "li", { class: place === done.length - 1 ? "now" : "done", "data-status": step.status },
      h("span", { class: "dot" }, icon(failed.has(step.status) ? "cross" : "check", "small")),
      h(
        "span", {}, h("span", { class: "step" }, nameOf(step)), " ",
        hasText(`actor.${step.actor}`) && h("span", { class: "muted small" }, text(`actor.${step.actor}`)),
      ),
      h("time", { datetime: new Date(step.at).toISOString() }, time(step.at)),
    )),
    ...ahead.map((status) => h(
      "li", { class: "ahead", "data-status": status }, h("span", { class: "dot" }),
      h("span", { class: "step" }, text(`step.${status}`)),
    )),
  ];
}

function nameOf({ action, status }) {
  for (const key of [`step.${action}`, `step.${status}`, `short.${status}`]) if (hasText(key)) return text(key);
  return status;
}

function contents(known) {
  const line = (key, value) => value && h("div", {}, h("dt", {}, text(key)), h("dd", {}, value));
  return [
    h("h2", {}, known.store.name),
    h("ul", { class: "items" }, known.items.map((item) => h(
      "li", {}, h("span", {}, `${item.name} × ${item.quantity}`), h("span", {}, price(item)),
    ))),
    h("dl", { class: "sums" }, h("div", {}, h("dt", {}, text("order.total")), h("dd", {}, money(known.amount)))),
    h("dl", { class: "facts-list" }, [
      line("order.address", known.address), line("order.note", known.note),
      known.store.phone && h(
        "div", {}, h("dt", {}, text("order.phone")),
        h("dd", {}, h("a", { href: `tel:${known.store.phone.replace(/[^0-9+]/g, "")}` }, known.store.phone)),
      ),
    ]),
  ];
}
