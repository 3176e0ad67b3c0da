// The orders that this page knows: from the server's answers and, from then on, from the stream.

import { Failure, learnClock, now, parse } from "./page-api.js";
import { joinStream } from "./page-share.js";
import { feed } from "./customer-feed.js";
import { ask, askAll, ended, me } from "./customer-session.js";

/** The way of an order that goes well, in order. */
export const way = ["ORDER", "ACCEPT", "COOKING", "COOKED", "DELIVERY", "DELIVERED", "RECEIVE"];

const closed = new Set(["RECEIVE", "REJECT", "CANCEL", "EXPIRED"]);
const unpaid = new Set(["REGISTERED", "PAYMENT_PENDING"]);
const cancellable = new Set(["REGISTERED", "PAYMENT_PENDING", "ORDER", "ACCEPT"]);
const confirmable = new Set(["DELIVERY", "DELIVERED"]);

export const isClosed = (order) => closed.has(order.status);
export const isUnpaid = (order) => unpaid.has(order.status);
export const canCancel = (order) => cancellable.has(order.status);
export const canConfirm = (order) => confirmable.has(order.status);

const page = 100;
const otherTabs = "BroadcastChannel" in self ? new BroadcastChannel("customer-orders") : null;
const orders = new Map();
const listeners = new Set();
const fetching = new Map();
let stream = null;
let cursor = 0;
let loads = 0;
let loaded = null;
let whenConnection = () => {};

/** Calls back with the id of an order that has changed, or with null when many may have. Gives what ends that. */
export function onOrders(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

const tell = (id) => listeners.forEach((callback) => callback(id));

export const orderOf = (id) => orders.get(id);

/** The orders that have not ended (or those that have), newest first. */
export function listed({ ended: isEnded }) {
  return [...orders.values()].filter((order) => isClosed(order) === isEnded).sort((a, b) => b.id - a.id);
}

/** Starts to follow the customer's orders; throws Failure when they cannot be read. `connection` is told how it goes. */
export async function follow(connection) {
  whenConnection = connection;
  loaded ??= load();
  try {
    await loaded;
  } catch (failure) {
    loaded = null;
    throw failure;
  }
  stream ??= joinStream({
    feed,
    worker: "customer-worker.js",
    name: `customer-1-${me?.id ?? 0}`,
    cursor: () => cursor,
    deliver: receive,
  });
}

/** Forgets everything: somebody else may be next. */
export function unfollow() {
  stream?.leave();
  stream = null;
  loaded = null;
  cursor = 0;
  loads += 1;
  orders.clear();
}

export const leave = () => stream?.leave();
export const reconnect = () => stream?.retry();

/** The open orders, with the place in the log from which the stream misses nothing. */
async function load() {
  loads += 1;
  const turn = loads;
  const first = await askAll("GET", `api/user-order/current?limit=${page}`);
  if (turn !== loads) return;
  const seen = new Set(first.body.map((entry) => put(entry)?.id));
  cursor = Number(first.last_event_id) || 0;
  // What was open and is not in the list any more has ended while nobody told.
  for (const order of listed({ ended: false })) {
    if (!seen.has(order.id) && first.body.length < page) fetchOrder(order.id).catch(() => {});
  }
  tell(null);
}

/** Reads an order with its timeline, once at a time. */
export function fetchOrder(id) {
  const turn = loads;
  if (!fetching.has(id)) {
    const reading = ask("GET", `api/user-order/id/${id}`)
      .then((entry) => (turn === loads || orders.has(id) ? take(entry) : null))
      .finally(() => fetching.delete(id));
    fetching.set(id, reading);
  }
  return fetching.get(id);
}

/** An order that was just placed: the stream tells its changes, and not its beginning. */
export function placed(id) {
  fetchOrder(id).catch(() => {});
  otherTabs?.postMessage(id);
}

if (otherTabs) otherTabs.onmessage = ({ data }) => me !== null && fetchOrder(data).catch(() => {});

/** A page of the orders that have ended, newest first, behind the order `before`; whether more follow. */
export async function fetchEnded(before, limit) {
  const entries = await ask("GET", `api/user-order/history?limit=${limit}${before ? `&before=${before}` : ""}`);
  const ids = entries.map((entry) => put(entry)?.id).filter(Boolean);
  return { ids, more: entries.length === limit };
}

/** Asks the server to change an order: pay, cancel or confirm. Throws Failure. */
export async function change(id, action) {
  return take(await ask("POST", `api/user-order/${id}/${action}`, {}));
}

/** Takes an entry as a server's answer has it, and tells everybody. */
export function take(entry) {
  const order = put(entry);
  if (order) tell(order.id);
  return order;
}

function put(entry) {
  const order = read(entry);
  if (!order) return null;
  const before = orders.get(order.id);
  // An answer that was on its way for long knows less than the stream has told since.
  if (before && before.version > order.version) return before;
  order.timeline ??= before?.version === order.version ? before.timeline : null;
  order.payment ??= before?.payment ?? null;
  orders.set(order.id, order);
  return order;
}

/** The log is not what it was: events count from its beginning again, and the server says how things are. */
function reload() {
  cursor = 0;
  load().catch(() => setTimeout(reload, 5_000));
}

function receive(message) {
  if (message.kind === "state") return whenConnection(message);
  if (message.kind === "heartbeat") {
    learnClock(parse(message.data)?.at);
    return whenConnection({ lastContact: Date.now() });
  }
  if (message.kind === "unauthorized") return ended();
  if (message.kind === "reset") return reload();
  if (message.kind !== "event" || message.id <= cursor) return;
  cursor = message.id;
  const body = parse(message.data);
  if (message.name === "order-status" && Number.isSafeInteger(body?.id)) changed(body);
}

function changed(event) {
  const order = orders.get(event.id);
  if (!order) return void fetchOrder(event.id).catch(() => {});
  const version = Number(event.version) || order.version + 1;
  if (version <= order.version) return;
  const isNext = version === order.version + 1;
  const at = instant(event.changed_at) ?? now();
  const step = { action: event.action ?? "", status: event.status, actor: event.actor ?? "", at };
  orders.set(order.id, {
    ...order,
    version,
    status: String(event.status),
    changedAt: at,
    prepMinutes: event.prep_minutes ?? order.prepMinutes,
    readyAt: instant(event.ready_at) ?? order.readyAt,
    reason: event.reason ?? order.reason,
    reasonNote: event.reason_note ?? order.reasonNote,
    riderID: event.rider_id ?? null,
    paidAt: order.paidAt ?? (event.status === "ORDER" ? at : null),
    payment: null,
    timeline: isNext && order.timeline ? [...order.timeline, step] : null,
  });
  tell(order.id);
  // What the event does not tell (a step that was missed, what became of the payment) the server does.
  if (!isNext || order.payment) fetchOrder(order.id).catch(() => {});
}

export function instant(value) {
  const milliseconds = Date.parse(value ?? "");
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

const words = (value) => (typeof value === "string" ? value : "");

function read(entry) {
  const source = entry?.user_order_response;
  if (!Number.isSafeInteger(source?.id) || typeof source.status !== "string") return null;
  const { store_response: store, store_menu_responses: menus, timeline, payment } = entry;
  return {
    id: source.id,
    version: Number(source.version) || 0,
    status: source.status,
    amount: Number(source.amount) || 0,
    orderedAt: instant(source.ordered_at) ?? now(),
    changedAt: instant(source.status_changed_at) ?? instant(source.ordered_at) ?? now(),
    paidAt: instant(source.paid_at) ?? (unpaid.has(source.status) || "version" in source ? null : 0),
    prepMinutes: source.prep_minutes ?? null,
    readyAt: instant(source.ready_at),
    reason: source.reason ?? null,
    reasonNote: words(source.reason_note),
    riderID: source.rider_id ?? null,
    address: words(source.address),
    note: words(source.note),
    items: (source.items ?? []).map((item) => ({
      id: item.store_menu_id,
      name: String(item.name),
      amount: Number(item.amount) || 0,
      quantity: Number(item.quantity) || 0,
    })),
    store: { id: source.store_id, name: words(store?.name), phone: words(store?.phone_number), source: store },
    menus: Array.isArray(menus) ? menus : [],
    timeline: Array.isArray(timeline) ? timeline.map(step) : null,
    payment: payment && typeof payment === "object" ? payment : null,
  };
}

const step = ({ action, status, actor, at }) => ({
  action: words(action), status: words(status), actor: words(actor), at: instant(at) ?? now(),
});

/** Whether a call may have worked although no answer came. */
export const isUnsure = (failure) =>
  !(failure instanceof Failure) || ["network", "server"].includes(failure.kind);
