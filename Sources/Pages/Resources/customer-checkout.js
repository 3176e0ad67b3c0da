// The checkout: what is in the basket, where it goes, and the sending of the order.

import * as basket from "./customer-basket.js";
import { button, field, fill, h } from "./customer-dom.js";
import { menusOf, soldOutText, soldOutUntil, stepper } from "./customer-menu.js";
import { emptiness, problem, skeleton } from "./customer-notices.js";
import { resume, send } from "./customer-sending.js";
import { me } from "./customer-session.js";
import { marks, pausedUntil, storeOf } from "./customer-stores.js";
import { money, reason, text } from "./customer-text.js";

const longestNote = 300;
const longestAddress = 200;

/** `complaint` is the Failure with which the server has refused what was sent before. */
export function checkout({ complaint }, host) {
  host.title(text("checkout.title"));
  host.back(basket.isEmpty() ? "#/" : `#/store/${basket.basket().storeID}`);
  if (resume(host)) return;
  if (basket.isEmpty()) return nothing(host);

  let store = null;
  let menus = [];
  const items = h("ul", { class: "menu-list" });
  const sums = h("dl", { class: "sums" });
  const state = h("p", { class: "marks" });
  const refused = h("p", { id: "checkout-error", class: "form-error", role: "alert", hidden: true });
  const address = h("textarea", { id: "address", rows: 2, maxlength: longestAddress, autocomplete: "street-address" });
  const note = h("textarea", { id: "note", rows: 3, maxlength: longestNote });
  address.value = basket.basket().address ?? me.address;
  note.value = basket.basket().note;
  const where = field(text("checkout.address"), address);
  const what = field(text("checkout.note"), note, text("checkout.note.hint"));
  const submit = button("", order, { class: "primary wide", id: "place", "data-key": "place" });
  const keep = () => basket.keepDraft({ address: address.value, note: note.value });
  address.addEventListener("input", keep);
  note.addEventListener("input", keep);
  fill(
    host.root,
    h("section", { class: "panel" }, h("h2", {}, basket.basket().storeName), state, items, h(
      "a", { class: "button plain", href: `#/store/${basket.basket().storeID}` }, text("checkout.more"),
    )),
    h("section", { class: "panel form" }, where.element, what.element), h("section", { class: "panel" }, sums), refused,
  );
  host.bar(submit);

  async function load() {
    if (!store) fill(items, skeleton(basket.basket().lines.length, "rows"));
    try {
      const { storeID } = basket.basket();
      const [found, sold] = await Promise.all([storeOf(storeID), menusOf(storeID)]);
      if (!found) throw { status: 404, code: 3404 };
      const before = JSON.stringify(basket.basket().lines);
      [store, menus] = [found, sold];
      basket.refresh(store, menus);
      if (before !== JSON.stringify(basket.basket().lines)) complain(text("checkout.changed"));
      show();
    } catch (failure) {
      if (failure.kind !== "unauthorized" && !store) fill(items, h("li", {}, problem(failure, load)));
    }
  }

  function show() {
    if (basket.isEmpty()) return nothing(host);
    fill(items, basket.basket().lines.map(row));
    fill(state, store ? marks(store) : []);
    const entries = [["checkout.minimum", basket.basket().minimum], ["checkout.total", basket.total()]];
    fill(sums, entries.map(([key, won]) => h("div", {}, h("dt", {}, text(key)), h("dd", {}, money(won)))));
    const missing = basket.missing();
    submit.textContent = missing > 0
      ? text("basket.missing", { amount: money(missing) })
      : text("checkout.submit", { total: money(basket.total()) });
    submit.setAttribute("aria-disabled", missing > 0 || !store || pausedUntil(store) > 0 || basket.basket().lines.some(isOut));
  }

  function isOut(line) {
    const found = menus.find(({ id }) => id === line.id);
    return Boolean(found) && soldOutUntil(found) > 0;
  }

  function row(line) {
    const out = isOut(line);
    return h(
      "li", { class: "menu-row", "data-menu": line.id, "data-out": out },
      h(
        "div", { class: "menu-text" }, h("strong", {}, line.name),
        h("span", { class: "price" }, money(line.amount * line.quantity)),
        out && h("span", { class: "mark danger" }, soldOutText(menus.find(({ id }) => id === line.id))),
        out && h("span", { class: "small" }, text("checkout.soldOut")),
      ),
      stepper(line, line.quantity, (wanted) => store && basket.setQuantity(store, line, wanted)),
    );
  }

  function complain(sentence) {
    refused.textContent = sentence;
    refused.hidden = sentence === "";
    if (sentence) refused.scrollIntoView({ block: "nearest" });
  }

  async function order() {
    complain("");
    const place = address.value.trim();
    where.say(place ? "" : text("need.address"));
    if (!place) return address.focus();
    const { storeID, lines } = basket.basket();
    const body = {
      store_id: storeID,
      items: lines.map((line) => ({ store_menu_id: line.id, quantity: line.quantity })),
      address: place,
      ...(note.value.trim() && { note: note.value.trim() }),
    };
    await send(host, body, basket.total());
  }

  host.onLeave(basket.onBasket(() => host.isShown() && show()));
  show();
  load();
  if (complaint) complain(reason(complaint));
}

function nothing(host) {
  host.bar(null);
  fill(host.root, emptiness(
    "basket", text("basket.empty"), text("basket.empty.hint"),
    h("a", { class: "button primary", href: "#/" }, text("basket.toStores")),
  ));
}
