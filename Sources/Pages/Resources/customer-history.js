// The list of the customer's orders: those in progress, then the earlier ones page by page.

import { button, fill, h } from "./customer-dom.js";
import { emptiness, problem, skeleton } from "./customer-notices.js";
import { fetchEnded, isClosed, listed, onOrders, orderOf } from "./customer-orders.js";
import { reorder } from "./customer-reorder.js";
import { hasText, money, summary, text, time } from "./customer-text.js";

const page = 20;

export function history(_, host) {
  const open = h("div", { class: "order-list", id: "open-orders" });
  const ended = h("div", { class: "order-list", id: "ended-orders" });
  const openTitle = h("h2", {}, text("orders.open"));
  const endedTitle = h("h2", {}, text("orders.ended"));
  const foot = h("div", { class: "foot" });
  let oldest = 0;
  let more = false;
  let loading = true;
  host.title(text("orders.title"));
  fill(host.root, openTitle, open, endedTitle, ended, foot);

  async function load() {
    loading = true;
    if (oldest === 0) fill(foot, skeleton(3, "rows"));
    try {
      const found = await fetchEnded(oldest, page);
      oldest = found.ids.at(-1) ?? oldest;
      more = found.more;
      loading = false;
      if (host.isShown()) show();
    } catch (failure) {
      if (failure.kind !== "unauthorized") fill(foot, problem(failure, load));
    }
  }

  function show() {
    const current = listed({ ended: false });
    const earlier = listed({ ended: true }).filter(({ id }) => !more || id >= oldest);
    openTitle.hidden = current.length === 0;
    endedTitle.hidden = earlier.length === 0;
    fill(open, current.map(card));
    fill(ended, earlier.map(card));
    if (loading) return;
    const none = current.length + earlier.length === 0;
    fill(
      foot,
      none && emptiness("orders", text("orders.empty"), text("orders.empty.hint"), h(
        "a", { class: "button primary", href: "#/" }, text("basket.toStores"),
      )),
      more && button(text("orders.more"), load, { class: "wide", id: "more", "data-key": "more" }),
    );
  }

  function card(order) {
    const status = hasText(`short.${order.status}`) ? text(`short.${order.status}`) : order.status;
    return h(
      "article", { class: "order-card", "data-order": order.id, "data-status": order.status },
      h(
        "a", { class: "order-link", href: `#/order/${order.id}`, "data-key": `order-${order.id}` },
        h("span", { class: "order-top" }, h("strong", {}, order.store.name), h("span", { class: "mark" }, status)),
        h("span", {}, summary(order.items)),
        h("span", { class: "muted small" }, [
          money(order.amount), time(order.orderedAt), text("order.number", { id: order.id }),
        ].join(" · ")),
      ),
      isClosed(order) && button(
        text("order.again"), () => reorder(orderOf(order.id), host), { "data-key": `again-${order.id}` },
      ),
    );
  }

  host.onLeave(onOrders(() => host.isShown() && show()));
  show();
  load();
}
