// The orders that the page knows, from the snapshot and the stream, and where each belongs.

import { now } from "./page-api.js";

const columnOf = {
  ORDER: "new",
  ACCEPT: "cooking",
  COOKING: "cooking",
  COOKED: "done",
  DELIVERY: "done",
  DELIVERED: "done",
  RECEIVE: "done",
  REJECT: "done",
  CANCEL: "done",
  EXPIRED: "done",
};
const ended = new Set(["DELIVERED", "RECEIVE", "REJECT", "CANCEL", "EXPIRED"]);

/** So many orders that need nothing any more are kept: a page stays open all day. */
export const keptEnded = 50;
/** So many cards are shown of a column; what comes after the oldest waits for its turn. */
export const shownOpen = 100;

/** The columns from left to right. */
export const columns = ["new", "cooking", "done"];

/** Whether nobody has seen the order yet: these sound the alarm. */
export const isWaiting = (order) => order.status === "ORDER" && order.acknowledgedAt === null;

/** Whether the order needs nothing of the store any more. */
export const hasEnded = (order) => ended.has(order.status);

/** Whether the store may still reject it. */
export const mayReject = (order) => order.status === "ORDER" || order.status === "ACCEPT";

/** The one next step of an order, named as its endpoint is, or null. */
export function nextStep(order) {
  switch (order.status) {
    case "ORDER": return "accept";
    case "ACCEPT": return "start-cooking";
    case "COOKING": return "finish-cooking";
    case "COOKED": return order.riderId === null ? "start-delivery" : null;
    case "DELIVERY": return order.riderId === null ? "receive-delivery" : null;
    default: return null;
  }
}

export class Orders {
  #byId = new Map();
  #isTrimmed = false;

  /**
   * Takes the snapshot's entries in place of all that was known; `more` tells that today had more ended orders. Marks
   * of steps in flight are kept.
   */
  load(entries, more = false) {
    const before = this.#byId;
    this.#byId = new Map();
    this.#isTrimmed = more;
    for (const entry of entries) {
      const order = read(entry);
      if (order) this.#byId.set(order.id, { ...order, ...marksOf(before.get(order.id)) });
    }
  }

  /** Adds a new order; null when it is known or unreadable. */
  place(entry) {
    const order = read(entry);
    if (!order || this.#byId.has(order.id)) return null;
    this.#byId.set(order.id, order);
    return order;
  }

  /** Takes an entry that a reply brought, unless the page knows better already. */
  update(entry) {
    const order = read(entry);
    const known = this.#byId.get(order?.id);
    if (known && isNewer(order, known)) Object.assign(known, order, marksOf(known));
    return known ?? null;
  }

  /** Applies an order-status event. Gives the order if that changed it, else null. */
  change(event) {
    const order = this.#byId.get(event.id);
    if (!order || typeof event.status !== "string" || !isNewer(event, order)) return null;
    const before = order.status;
    Object.assign(order, {
      status: event.status,
      version: event.version ?? order.version,
      actor: event.actor ?? null,
      changedAt: instant(event.changed_at) ?? now(),
      prepMinutes: event.prep_minutes ?? order.prepMinutes,
      readyAt: instant(event.ready_at) ?? order.readyAt,
      // A rider who gives the order back is named no more.
      riderId: event.rider_id ?? null,
      reason: event.reason ?? order.reason,
      reasonNote: event.reason_note ?? order.reasonNote,
    });
    if (before !== order.status) order.failure = null;
    return order;
  }

  /** Applies an order-acknowledged event. */
  acknowledge({ id, acknowledged_at: at }) {
    const order = this.#byId.get(id);
    if (!order) return;
    order.acknowledgedAt = instant(at) ?? now();
    if (order.failure?.step === "acknowledge") order.failure = null;
  }

  get(id) {
    return this.#byId.get(id);
  }

  /** Takes away what the cards said before that time. */
  forgetRemarks(before) {
    for (const order of this.#byId.values()) {
      if (order.remark?.at < before) order.remark = null;
    }
  }

  /** Orders that nobody has seen yet, oldest first. */
  waiting() {
    return [...this.#byId.values()].filter(isWaiting).sort(oldestFirst);
  }

  /**
   * The orders of each column, oldest first; in the last one the latest of those that have ended today follow, the
   * latest first. Those that have ended before are forgotten.
   */
  arranged() {
    const arranged = { new: [], cooking: [], done: [] };
    const over = [];
    for (const order of this.#byId.values()) {
      if (hasEnded(order)) over.push(order);
      else if (columnOf[order.status]) arranged[columnOf[order.status]].push(order);
    }
    for (const orders of Object.values(arranged)) orders.sort(oldestFirst);
    over.sort((a, b) => endOf(b) - endOf(a) || b.id - a.id);
    const today = midnight();
    over.forEach((order, index) => {
      const isToday = order.orderedAt >= today;
      if (isToday && index < keptEnded) return arranged.done.push(order);
      this.#isTrimmed ||= isToday;
      this.#byId.delete(order.id);
    });
    return arranged;
  }

  /** Whether more orders have ended today than are kept. */
  get isTrimmed() {
    return this.#isTrimmed;
  }
}

/** The start of today on this device, in milliseconds. */
export function midnight() {
  return new Date(now()).setHours(0, 0, 0, 0);
}

const oldestFirst = (a, b) => a.id - b.id;
const endOf = (order) => order.changedAt ?? order.orderedAt;
const isNewer = ({ version }, known) => !(version <= known.version);

/** What the page itself notes about an order: a step in flight, what failed, what happened to it, the minutes chosen. */
function marksOf({ silenced, busy, failure, remark, minutes } = {}) {
  return {
    silenced: silenced ?? false,
    busy: busy ?? null,
    failure: failure ?? null,
    remark: remark ?? null,
    minutes: minutes ?? null,
  };
}

function instant(value) {
  const milliseconds = Date.parse(value ?? "");
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

const words = (value) => (typeof value === "string" ? value : "");

/** An order as the page keeps it, from an entry of a list or an event; null when it is unreadable. */
export function read(entry) {
  const source = entry?.user_order_response;
  if (!Number.isSafeInteger(source?.id) || typeof source.status !== "string") return null;
  const last = Array.isArray(entry.timeline) ? entry.timeline.at(-1) : null;
  return {
    id: source.id,
    version: source.version ?? undefined,
    status: source.status,
    amount: Number(source.amount) || 0,
    orderedAt: instant(source.ordered_at) ?? now(),
    acknowledgedAt: instant(source.acknowledged_at),
    changedAt: instant(source.status_changed_at),
    actor: last?.actor ?? null,
    prepMinutes: source.prep_minutes ?? null,
    readyAt: instant(source.ready_at),
    riderId: source.rider_id ?? null,
    reason: source.reason ?? null,
    reasonNote: words(source.reason_note),
    address: words(source.address),
    note: words(source.note),
    items: (Array.isArray(source.items) ? source.items : []).map((item) => ({
      name: String(item.name),
      amount: Number(item.amount) || 0,
      quantity: Number(item.quantity) || 0,
    })),
    ...marksOf(),
  };
}
