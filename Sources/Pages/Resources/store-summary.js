// Today's figures: read from the server, and moved on by what the stream tells until they are read again.

import { call } from "./page-api.js";
import { midnight } from "./store-orders.js";

const soon = 2_000;
const atMostEvery = 10_000;
const unsold = new Set(["REJECT", "CANCEL", "EXPIRED"]);

export class Summary {
  orders = null;
  sales = null;
  #changed;
  #day = 0;
  #timer = 0;
  #readAt = 0;
  #turn = 0;

  constructor(changed) {
    this.#changed = changed;
  }

  /** A new order. */
  placed(order) {
    this.#move(1, unsold.has(order.status) ? 0 : order.amount);
  }

  /** An order whose status has changed. */
  moved(order) {
    if (unsold.has(order.status)) this.#move(0, -order.amount);
  }

  /** Reads the figures again before long; many calls make one. */
  refresh() {
    if (this.#timer) return;
    const wait = Math.max(soon, this.#readAt + atMostEvery - Date.now());
    this.#timer = setTimeout(() => this.load(), wait);
  }

  /** When the day has changed, so have the figures. */
  tick() {
    if (this.#day !== midnight()) this.load();
  }

  async load() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#readAt = Date.now();
    this.#turn += 1;
    const turn = this.#turn;
    const day = midnight();
    try {
      const { orders, sales } = await call("GET", "api/store/summary");
      if (turn !== this.#turn) return;
      Object.assign(this, { orders, sales });
      this.#day = day;
      this.#changed();
    } catch {
      // The figures that are shown are the last known; the next event or minute reads them again.
    }
  }

  #move(orders, sales) {
    this.refresh();
    if (this.orders === null) return;
    this.orders += orders;
    this.sales = Math.max(0, this.sales + sales);
    this.#changed();
  }
}
