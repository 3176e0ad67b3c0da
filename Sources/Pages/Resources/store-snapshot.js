// What the page starts from: the orders as they are, read page by page.

import { call, exchange } from "./page-api.js";
import { keptEnded, midnight } from "./store-orders.js";

const page = 100;
const mostPages = 20;

/**
 * The open orders and the latest of today that have ended, with the log's position from which a stream misses nothing;
 * `more` tells that today had more of them.
 */
export async function snapshot() {
  const first = await exchange("GET", `api/user-order/current?limit=${page}`);
  const open = await allPages(first.body);
  const ended = await call("GET", `api/user-order/history?limit=${keptEnded}`).catch((failure) => {
    if (failure.kind === "unauthorized") throw failure;
    return [];
  });
  const today = ended.filter((entry) => Date.parse(entry.user_order_response.ordered_at) >= midnight());
  return { entries: [...open, ...today], more: today.length === keptEnded, position: first.last_event_id };
}

async function allPages(first) {
  const all = [...first];
  let entries = first;
  for (let count = 1; entries.length === page && count < mostPages; count += 1) {
    const last = entries.at(-1).user_order_response.id;
    entries = await call("GET", `api/user-order/current?limit=${page}&before=${last}`);
    all.push(...entries);
  }
  return all;
}
