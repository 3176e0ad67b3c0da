// What the customer's page says: its words, and the sentences that are made of them.

import { english } from "./customer-words-en.js";
import { korean } from "./customer-words-ko.js";
import { addTexts, hasText, money, text } from "./page-text.js";

export * from "./page-text.js";

addTexts({ ko: korean, en: english });

/** Why a call failed, in a sentence. */
export function reason(failure) {
  const { kind = "server", code = 0, status = 0, retryAfter = 0 } = failure;
  if (kind === "limited") return text("failure.limited", { n: retryAfter || 30 });
  for (const key of [code, status]) {
    if (hasText(`failure.${key}`)) return text(`failure.${key}`);
  }
  return text(hasText(`failure.${kind}`) ? `failure.${kind}` : "failure.server");
}

/** What is in an order, in a few words. */
export function summary(items) {
  const [first] = items;
  if (!first) return "";
  const others = items.reduce((sum, item) => sum + item.quantity, 0) - first.quantity;
  if (others > 0) return text("order.summary", { name: first.name, n: others });
  return first.quantity > 1 ? `${first.name} × ${first.quantity}` : first.name;
}

/** A price for one and the price of all. */
export const price = (item) => money(item.amount * item.quantity);
