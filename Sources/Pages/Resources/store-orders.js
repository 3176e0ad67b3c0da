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
const unsold = new Set(["REJECT", "CANCEL", "EXPIRED"]);

/** The columns from left to right. */
export const columns = ["new", "cooking", "done"];

/** Whether nobody has seen the order yet: these sound the alarm. */
export const isWaiting = (order) => order.status === "ORDER" && order.acknowledgedAt === null;

/** The one next step of an order, named as its endpoint is, or null. */
export const nextStep = (order) => (isWaiting(order) ? "acknowledge" : null);

export class Orders {
  #byId = new Map();

  /** Takes the snapshot's entries in place of all that was known. Steps in flight keep their marks. */
  load(entries) {
    const before = this.#byId;
    this.#byId = new Map();
    for (const entry of entries) {
      const order = read(entry);
      if (!order) continue;
      const { silenced = false, busy = false, failure = null } = before.get(order.id) ?? {};
      this.#byId.set(order.id, { ...order, silenced, busy, failure });
    }
  }

  /** Adds a new order; null when it is known or unreadable. */
  place(entry) {
    const order = read(entry);
    if (!order || this.#byId.has(order.id)) return null;
    this.#byId.set(order.id, order);
    return order;
  }

  /** Applies an order-status event. */
  change({ id, status, changed_at: changedAt, actor, prep_minutes: prepMinutes }) {
    const order = this.#byId.get(id);
    if (!order || typeof status !== "string") return;
    Object.assign(order, { status, actor: actor ?? null, changedAt: instant(changedAt), failure: null });
    if (prepMinutes) order.prepMinutes = prepMinutes;
  }

  /** Applies an order-acknowledged event. */
  acknowledge({ id, acknowledged_at: at }) {
    const order = this.#byId.get(id);
    if (order) Object.assign(order, { acknowledgedAt: instant(at) ?? now(), failure: null });
  }

  get(id) {
    return this.#byId.get(id);
  }

  /** Orders that nobody has seen yet, oldest first. */
  waiting() {
    return [...this.#byId.values()].filter(isWaiting).sort(oldestFirst);
  }

  /** The orders of each column, oldest first; in the last one those of today that have ended come after the others. */
  arranged() {
    const arranged = { new: [], cooking: [], done: [] };
    for (const order of this.#byId.values()) {
      const column = columnOf[order.status];
      if (column && (!ended.has(order.status) || isToday(order))) arranged[column].push(order);
    }
    for (const orders of Object.values(arranged)) orders.sort(oldestFirst);
    arranged.done.sort((a, b) => ended.has(a.status) - ended.has(b.status));
    return arranged;
  }

  /** What was ordered today and not given up: {count, sales} in whole won. */
  today() {
    const sold = [...this.#byId.values()].filter((order) => isToday(order) && !unsold.has(order.status));
    return { count: sold.length, sales: sold.reduce((sum, order) => sum + order.amount, 0) };
  }
}

/** The start of today on this device, in milliseconds. */
export function midnight() {
  return new Date(now()).setHours(0, 0, 0, 0);
}

const isToday = (order) => order.orderedAt >= midnight();
const oldestFirst = (a, b) => a.id - b.id;

function instant(value) {
  const milliseconds = Date.parse(value ?? "");
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

function read(entry) {
  const source = entry?.user_order_response;
  if (!Number.isSafeInteger(source?.id) || typeof source.status !== "string") return null;
  return {
    id: source.id,
    status: source.status,
    amount: Number(source.amount) || 0,
    orderedAt: instant(source.ordered_at) ?? now(),
    acknowledgedAt: instant(source.acknowledged_at),
    changedAt: instant(source.changed_at),
    actor: source.actor ?? null,
    prepMinutes: source.prep_minutes ?? null,
    note: typeof source.note === "string" ? source.note : "",
    items: (source.items ?? []).map((item) => ({
      name: String(item.name),
      amount: Number(item.amount) || 0,
      quantity: Number(item.quantity) || 0,
    })),
    silenced: false,
    busy: false,
    failure: null,
  };
}
