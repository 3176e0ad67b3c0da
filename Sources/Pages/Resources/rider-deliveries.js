// What the rider's page knows: orders to take, and those that this rider carries.

import { now } from "./page-api.js";

/** How long a row stays after somebody else has taken its order: what is under the thumb must not change at once. */
export const goneFor = 4_000;

/** The one next step of an order that is carried, named as its endpoint is. */
export const nextStep = (delivery) => (delivery.status === "COOKED" ? "pick-up" : "complete");

export class Deliveries {
  #available = new Map();
  #mine = new Map();
  mostCarried = 1;
  deliveredToday = 0;

  /**
   * Takes a snapshot in place of what was known. Steps in flight and failures keep their marks; rows of orders that are
   * gone stay for a while. Gives the orders that are new to take, and those that this rider no longer carries.
   */
  load({ available, mine, most_carried: mostCarried, delivered_today: deliveredToday }) {
    const [before, carried] = [this.#available, this.#mine];
    this.mostCarried = mostCarried;
    this.deliveredToday = deliveredToday;
    this.#mine = merged(mine, carried);
    this.#available = merged(available, before);
    for (const [id, delivery] of before) {
      if (this.#available.has(id) || this.#mine.has(id)) continue;
      this.#available.set(id, { ...delivery, goneAt: delivery.goneAt ?? now(), busy: false, failure: null });
    }
    return {
      added: [...this.#available.values()].filter(({ id, goneAt }) => !goneAt && !before.has(id) && !carried.has(id)),
      lost: [...carried.keys()].filter((id) => !this.#mine.has(id)),
    };
  }

  /** Applies a delivery-changed event of somebody else. Gives whether a snapshot is needed to know what it means. */
  change({ id, status, rider_id: rider }, me) {
    if (rider === me || this.#mine.has(id)) return true;
    const delivery = this.#available.get(id);
    if (status === "COOKED" && rider === undefined) return !delivery || Boolean(delivery.goneAt);
    if (delivery && !delivery.busy) delivery.goneAt ??= now();
    return false;
  }

  /** Applies the reply to a step of this rider. */
  put(source) {
    const delivery = read(source);
    this.#available.delete(delivery.id);
    this.#mine.delete(delivery.id);
    if (delivery.rider === null) this.#available.set(delivery.id, delivery);
    else if (delivery.status === "DELIVERED") this.deliveredToday += 1;
    else this.#mine.set(delivery.id, delivery);
  }

  /** Forgets the rows that were shown long enough. Gives whether there were any. */
  sweep() {
    const over = [...this.#available.values()].filter(({ goneAt }) => goneAt && now() - goneAt > goneFor);
    for (const { id } of over) this.#available.delete(id);
    return over.length > 0;
  }

  get(id) {
    return this.#mine.get(id) ?? this.#available.get(id);
  }

  isMine(id) {
    return this.#mine.has(id);
  }

  get isFull() {
    return this.#mine.size >= this.mostCarried;
  }

  get mine() {
    return [...this.#mine.values()].sort((a, b) => a.id - b.id);
  }

  /** The one that is ready longest first. */
  get available() {
    return [...this.#available.values()].sort((a, b) => a.readySince - b.readySince || a.id - b.id);
  }
}

function merged(sources, before) {
  const all = new Map();
  for (const source of sources) {
    const delivery = read(source);
    const { busy = false, failure = null } = before.get(delivery.id) ?? {};
    all.set(delivery.id, { ...delivery, busy, failure });
  }
  return all;
}

function read(source) {
  const readySince = Date.parse(source.ready_since);
  return {
    id: source.order_id,
    status: source.status,
    store: source.store,
    address: source.address,
    items: source.items,
    note: source.note ?? "",
    rider: source.rider_id ?? null,
    readySince: Number.isNaN(readySince) ? now() : readySince,
    busy: false,
    failure: null,
    goneAt: null,
  };
}
