// The stores, as cards by category.

import { now } from "./page-api.js";
import { fill, h, icon } from "./customer-dom.js";
import { emptiness, problem, skeleton } from "./customer-notices.js";
import { instant } from "./customer-orders.js";
import { ask, me } from "./customer-session.js";
import { hasText, money, text, time } from "./customer-text.js";

const categories = [
  "KOREAN_FOOD", "CHICKEN", "PIZZA", "CHINESE_FOOD", "JAPANESE_FOOD", "WESTERN_FOOD", "HAMBURGER", "COFFEE_TEA",
];
const known = new Map();
const longTime = 24 * 60 * 60_000;

/** The stores of a category, or all; throws Failure. */
export async function storesOf(category) {
  const stores = await ask("GET", `api/store/search${category ? `?category=${category}` : ""}`);
  known.set(category ?? "", stores);
  return stores;
}

/** A store by its id, fresh from the server; null when there is none. */
export async function storeOf(id) {
  return (await storesOf(null)).find((store) => store.id === id) ?? null;
}

export const forgetStores = () => known.clear();

/** Until when the store takes no orders, in milliseconds; 0 when it takes them. */
export function pausedUntil(store) {
  const until = instant(store.paused_until) ?? 0;
  return until > now() ? until : 0;
}

/** What keeps the store from its usual pace, as small marks. */
export function marks(store) {
  const until = pausedUntil(store);
  if (until > 0) {
    const sentence = until - now() < longTime ? text("store.paused", { time: time(until) }) : text("store.pausedNow");
    return [h("span", { class: "mark danger" }, sentence)];
  }
  if (store.busy_minutes > 0) return [h("span", { class: "mark warn" }, text("store.busy", { n: store.busy_minutes }))];
  return [];
}

/** The store's own sign: there may be no picture, and none from elsewhere is loaded. */
export function sign(store) {
  const name = categories.includes(store.category) ? store.category : "store";
  return h("span", { class: "sign", "data-category": name }, icon(name));
}

export function stores({ category = "" }, host) {
  host.title(text("stores.title"));
  const list = h("div", { class: "store-list" });
  const place = h(
    "p", { class: "place muted" }, icon("pin", "small"), h("span", {}, text("stores.to", { address: me.address })),
  );
  const chips = h("div", { class: "chips", role: "group", "aria-label": text("stores.title") }, ["", ...categories].map((name) => h(
    "a", {
      class: "chip", href: name ? `#/category/${name}` : "#/", "aria-current": name === category && "true",
      "data-key": `category-${name}`,
    }, text(`category.${name || "all"}`),
  )));
  fill(host.root, place, chips, list);
  chips.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  const show = (found) => fill(
    list, found.length > 0 ? found.map(card) : emptiness("store", text("stores.empty"), text("stores.empty.hint")),
  );
  async function load() {
    if (known.has(category)) show(known.get(category));
    else fill(list, skeleton(4));
    try {
      show(await storesOf(category || null));
    } catch (failure) {
      if (failure.kind !== "unauthorized" && !known.has(category)) fill(list, problem(failure, load));
    }
  }
  load();
  host.every(60_000, load);
}

function card(store) {
  const paused = pausedUntil(store) > 0;
  return h(
    "a", { class: "store-card", href: `#/store/${store.id}`, "data-key": `store-${store.id}`, "data-paused": paused },
    sign(store),
    h(
      "span", { class: "store-text" }, h("strong", { class: "store-name" }, store.name), facts(store),
      marks(store),
    ),
  );
}

/** Rating, kind and minimum in one line. */
export function facts(store) {
  const star = Number(store.star) || 0;
  const kind = hasText(`category.${store.category}`) ? text(`category.${store.category}`) : "";
  const minimum = store.minimum_amount > 0 ? text("store.minimum", { amount: money(store.minimum_amount) }) : "";
  const minutes = store.estimated_minutes > 0 ? text("store.minutes", { n: store.estimated_minutes }) : "";
  const parts = [kind, minutes, minimum];
  return h(
    "span", { class: "facts" },
    star > 0 && h(
      "span", { class: "star" }, icon("star", "small"),
      h("span", { class: "for-readers" }, text("store.star", { n: star.toFixed(1) })),
      h("span", { "aria-hidden": "true" }, star.toFixed(1)),
    ),
    // A line breaks between the facts only.
    h("span", {}, parts.filter(Boolean).map((part) => part.replaceAll(" ", "\u00a0")).join(" · ")),
  );
}
