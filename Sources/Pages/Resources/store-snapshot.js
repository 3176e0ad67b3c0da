// What the page starts from: the orders as they are, read page by page.

import { call, exchange } from "./page-api.js";
import { midnight } from "./store-orders.js";

const page = 100;
const mostPages = 20;

/** The open orders and those of today that have ended, with the log's position from which a stream misses nothing. */
export async function snapshot() {
  const first = await exchange("GET", `api/user-order/current?limit=${page}`);
  const open = await allPages("api/user-order/current", first.body, () => true);
  const ended = await allPages("api/user-order/history", null, (entry) => orderedToday(entry)).catch((failure) => {
    if (failure.kind === "unauthorized") throw failure;
    return [];
  });
  return { entries: [...open, ...ended], position: first.last_event_id };
}

async function allPages(path, first, wanted) {
  const all = [];
  let entries = first ?? (await call("GET", `${path}?limit=${page}`));
  for (let count = 1; ; count += 1) {
    all.push(...entries.filter(wanted));
    const last = entries.at(-1);
    if (entries.length < page || count === mostPages || !wanted(last)) return all;
    entries = await call("GET", `${path}?limit=${page}&before=${last.user_order_response.id}`);
  }
}

const orderedToday = (entry) => Date.parse(entry.user_order_response.ordered_at) >= midnight();
