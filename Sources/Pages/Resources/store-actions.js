// What a person does with an order: one call at a time for each, and what failed stays on its card.

import { Failure, call, now } from "./page-api.js";
import { mayReject, nextStep } from "./store-orders.js";
import { hasText } from "./store-text.js";

/** The text that says what happened to an order that somebody else changed, or null. */
export function remarkOf({ action, status, actor }) {
  const keys = [`moved.${action}.${actor}`, `moved.${action}`, `moved.${status}.${actor}`, `moved.${status}`];
  return keys.find(hasText) ?? null;
}

/** Whether a change is what this page has just asked for, also when the reply to that got lost. */
export function isOwnChange({ busy, failure }, { action, actor }) {
  const step = busy ?? failure?.step;
  return actor === "STORE" && step !== undefined && action === step.toUpperCase().replaceAll("-", "_");
}

/**
 * `run(id, step, body)` posts a step of an order; `retry(id)` the one that failed. `changed()` is called when something
 * is to be drawn, `told(order)` when an order turned out to be changed by somebody else.
 */
export class Actions {
  #orders;
  #changed;
  #told;
  #signedOut;

  constructor({ orders, changed, told, signedOut }) {
    this.#orders = orders;
    this.#changed = changed;
    this.#told = told;
    this.#signedOut = signedOut;
  }

  /** The one next step of the order, with the minutes for one that is accepted. */
  primary(id, minutes) {
    const step = nextStep(this.#orders.get(id) ?? {});
    return step ? this.run(id, step, step === "accept" ? { prep_minutes: minutes } : undefined) : null;
  }

  retry(id) {
    const failure = this.#orders.get(id)?.failure;
    return failure ? this.run(id, failure.step, failure.body) : null;
  }

  async run(id, step, body) {
    const order = this.#orders.get(id);
    if (!order || order.busy) return;
    const failed = order.failure;
    Object.assign(order, { busy: step, failure: null, remark: null });
    // Whoever touches an order has heard it.
    order.silenced = true;
    this.#changed();
    let failure = null;
    try {
      const reply = await call("POST", `api/user-order/${id}/${step}`, body);
      if (step === "acknowledge") this.#orders.acknowledge(reply?.acknowledged_at ? reply : { id });
      else this.#orders.update(reply);
    } catch (error) {
      failure = error instanceof Failure ? error : new Failure("server");
    }
    if (failure?.kind === "unauthorized") return this.#signedOut();
    if (failure?.status === 409) failure = await this.#reload(id, step, failure, failed);
    // A snapshot may have replaced the order meanwhile.
    const current = this.#orders.get(id);
    if (!current) return;
    current.busy = null;
    if (failure) current.failure = { step, body, kind: failure.kind };
    this.#changed();
  }

  /**
   * Somebody was faster: takes the order as it is now, and says what happened to it; unless it was this page, whose first
   * try, `failed`, got no reply. Gives what still failed.
   */
  async #reload(id, step, failure, failed) {
    try {
      const before = this.#orders.get(id)?.status;
      const entry = await call("GET", `api/user-order/id/${id}`);
      const order = this.#orders.update(entry);
      if (!order) return null;
      const isPossible = step === "reject" ? mayReject(order) : nextStep(order) === step;
      if (isPossible && order.status === before) return failure;
      const last = entry.timeline?.at(-1);
      if (last && isOwnChange({ failure: failed }, last)) return null;
      order.remark = { key: remarkOf({ ...last, status: order.status }), at: now() };
      this.#told(order);
      return null;
    } catch (error) {
      return error instanceof Failure ? error : failure;
    }
  }
}
