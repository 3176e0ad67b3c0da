// The menu of a store, with how much of each is in the basket.

import { now } from "./page-api.js";
import * as basket from "./customer-basket.js";
import { fill, h, icon } from "./customer-dom.js";
import { announce, confirmed, emptiness, problem, skeleton } from "./customer-notices.js";
import { instant } from "./customer-orders.js";
import { ask } from "./customer-session.js";
import { facts, marks, pausedUntil, sign, storeOf } from "./customer-stores.js";
import { money, text, time } from "./customer-text.js";

const longTime = 24 * 60 * 60_000;

/** What a store sells; throws Failure. */
export const menusOf = (store) => ask("GET", `api/store-menu/search?storeId=${store}`);

/** Since when it is on sale again: 0 when it is now, Infinity when nobody knows. */
export function soldOutUntil(menu) {
  const until = instant(menu.sold_out_until);
  if (!menu.sold_out && (until ?? 0) <= now()) return 0;
  return until !== null && until - now() < longTime ? Math.max(until, now() + 1) : Infinity;
}

export function soldOutText(menu) {
  const until = soldOutUntil(menu);
  return until === Infinity ? text("menu.soldOut") : text("menu.soldOutUntil", { time: time(until) });
}

export function menu({ id }, host) {
  host.title(text("app.name"));
  host.back("#/");
  const storeID = Number(id);
  let store = null;
  let menus = [];
  const head = h("div", { class: "store-head" }, skeleton(1, "low"));
  const list = h("ul", { class: "menu-list" });
  fill(host.root, head, list);
  fill(list, skeleton(5, "rows"));

  async function load() {
    try {
      const [found, sold] = await Promise.all([storeOf(storeID), menusOf(storeID)]);
      if (!found) throw { status: 404 };
      store = found;
      menus = sold;
      basket.refresh(store, menus);
      show();
    } catch (failure) {
      if (failure.kind === "unauthorized" || (store && failure.status !== 404)) return;
      fill(list);
      fill(head, failure.status === 404
        ? emptiness("store", text("store.missing"), text("store.missing.hint"))
        : problem(failure, load));
    }
  }

  function show() {
    host.title(store.name);
    fill(head, sign(store), h(
      "div", { class: "store-text" }, facts(store), h("span", { class: "muted small" }, store.address), marks(store),
    ));
    fill(list, menus.length > 0
      ? menus.map((entry) => row(entry))
      : h("li", {}, emptiness("basket", text("menu.empty"), text("menu.empty.hint"))));
  }

  function row(entry) {
    const out = soldOutUntil(entry) > 0;
    const quantity = basket.holdsOther(store.id) ? 0 : basket.quantityOf(entry.id);
    return h(
      "li", { class: "menu-row", "data-menu": entry.id, "data-out": out },
      h(
        "div", { class: "menu-text" }, h("strong", {}, entry.name), h("span", { class: "price" }, money(entry.amount)),
        out && h("span", { class: "mark danger" }, soldOutText(entry)),
      ),
      out || pausedUntil(store) > 0 ? null : stepper(entry, quantity, (wanted) => choose(entry, wanted)),
    );
  }

  async function choose(entry, wanted) {
    if (basket.holdsOther(store.id)) {
      const { storeName } = basket.basket();
      const replaces = await confirmed(
        text("basket.replace"), text("basket.replace.text", { store: storeName, n: basket.count() }),
        text("basket.replace.yes"), text("basket.replace.no"),
      );
      if (!replaces) return;
    }
    basket.setQuantity(store, entry, wanted);
    announce(text("menu.quantity", { name: entry.name, n: basket.quantityOf(entry.id) }));
  }

  host.onLeave(basket.onBasket(() => store && show()));
  load();
  host.every(60_000, load);
}

/** One button to begin with, then less and more. */
export function stepper(line, quantity, choose) {
  const press = (name, label, wanted, key) => h(
    "button", {
      type: "button", class: "round", "aria-label": text(label, { name: line.name }), "data-key": `${key}-${line.id}`,
      disabled: wanted > basket.mostOfOne, onclick: () => choose(wanted),
    }, icon(name),
  );
  if (quantity === 0) {
    return h(
      "button", {
        type: "button", class: "button add", "aria-label": text("menu.add", { name: line.name }),
        "data-key": `more-${line.id}`, onclick: () => choose(1),
      }, text("menu.addShort"),
    );
  }
  return h(
    "div", { class: "stepper", role: "group", "aria-label": text("menu.quantity", { name: line.name, n: quantity }) },
    press("minus", "menu.less", quantity - 1, "less"), h("output", {}, String(quantity)),
    press("plus", "menu.more", quantity + 1, "more"),
  );
}
