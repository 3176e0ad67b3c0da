// The same again: what the store still sells of an earlier order goes into the basket.

import * as basket from "./customer-basket.js";
import { menusOf, soldOutUntil } from "./customer-menu.js";
import { confirmed, toast } from "./customer-notices.js";
import { storeOf } from "./customer-stores.js";
import { reason, text } from "./customer-text.js";

export async function reorder(order, host) {
  try {
    const [store, menus] = await Promise.all([storeOf(order.store.id), menusOf(order.store.id)]);
    if (!store) return toast(text("store.missing"));
    const lines = order.items.flatMap((item) => {
      const menu = menus.find(({ id }) => id === item.id);
      if (!menu || soldOutUntil(menu) > 0) return [];
      return [{ id: menu.id, name: menu.name, amount: menu.amount, quantity: Math.min(item.quantity, basket.mostOfOne) }];
    });
    if (lines.length === 0) return toast(text("order.again.none"));
    if (!basket.isEmpty() && !(await replaces())) return;
    basket.put(store, lines);
    const without = order.items.length - lines.length;
    if (without > 0) toast(text("order.again.some", { n: without }));
    host.go("#/checkout");
  } catch (failure) {
    if (failure.kind !== "unauthorized") toast(reason(failure));
  }
}

function replaces() {
  return confirmed(
    text("basket.replace"), text("basket.replace.text", { store: basket.basket().storeName, n: basket.count() }),
    text("basket.replace.yes"), text("basket.replace.no"),
  );
}
