// The basket: menus of one store, what was typed at the checkout, and the order that is under way. All of it lives in
// the browser's storage, so that it is there after a reload and the same in every tab.

const basketKey = "customer-basket";
const attemptKey = "customer-attempt";
const placedKey = "customer-placed";
const listeners = new Set();
export const mostOfOne = 99;

const none = { storeID: 0, storeName: "", minimum: 0, lines: [], address: null, note: "" };
let known = read();

/** The basket as it is: {storeID, storeName, minimum, lines: [{id, name, amount, quantity}], address, note}. */
export const basket = () => known;
export const isEmpty = () => known.lines.length === 0;
export const count = () => known.lines.reduce((sum, line) => sum + line.quantity, 0);
export const total = () => known.lines.reduce((sum, line) => sum + line.quantity * line.amount, 0);
/** What is missing to the store's minimum, in won. */
export const missing = () => Math.max(0, known.minimum - total());
export const quantityOf = (menu) => known.lines.find((line) => line.id === menu)?.quantity ?? 0;
/** Whether there is something of another store in the basket. */
export const holdsOther = (store) => !isEmpty() && known.storeID !== store;

/** Calls back when the basket has changed, here or in another tab. Gives what ends that. */
export function onBasket(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/** Puts so many of a menu into the basket of its store. */
export function setQuantity(store, menu, quantity) {
  const lines = known.storeID === store.id ? [...known.lines] : [];
  const place = lines.findIndex((line) => line.id === menu.id);
  const wanted = Math.max(0, Math.min(mostOfOne, quantity));
  const line = { id: menu.id, name: menu.name, amount: menu.amount, quantity: wanted };
  if (place < 0 && wanted > 0) lines.push(line);
  else if (place >= 0) lines.splice(place, 1, ...(wanted > 0 ? [line] : []));
  keep(store, lines);
}

/** Puts these lines in place of what was there. */
export function put(store, lines) {
  keep(store, lines);
}

/** Takes over what the store says now of its minimum, its prices and its names, and drops what it no longer sells. */
export function refresh(store, menus) {
  if (known.storeID !== store.id) return;
  const lines = known.lines.flatMap((line) => {
    const menu = menus.find(({ id }) => id === line.id);
    return menu ? [{ ...line, name: menu.name, amount: menu.amount }] : [];
  });
  keep(store, lines);
}

/** Keeps what was typed at the checkout. */
export function keepDraft(draft) {
  write({ ...known, ...draft });
}

export function clear() {
  write(none);
}

function keep(store, lines) {
  const draft = known.storeID === store.id ? known : { ...none, address: known.address };
  const next = { ...draft, storeID: store.id, storeName: store.name, minimum: store.minimum_amount, lines };
  write(lines.length > 0 ? next : { ...none, address: known.address });
}

function write(next) {
  if (JSON.stringify(next) === JSON.stringify(known)) return;
  known = next;
  store(basketKey, known === none ? null : known);
  listeners.forEach((callback) => callback());
}

function read() {
  const value = load(basketKey);
  const lines = Array.isArray(value?.lines) ? value.lines : [];
  const sound = lines.every(
    (line) => Number.isSafeInteger(line?.id) && line.quantity > 0 && line.amount >= 0 && typeof line.name === "string",
  );
  return value && sound && Number.isSafeInteger(value.storeID) ? { ...none, ...value } : none;
}

/**
 * The order that was sent and whose storing is not known yet: {key, user, body, at}. It is kept until the server has
 * answered, so that a lost reply, a reload or a second tap makes one order and not two.
 */
export const attempt = () => load(attemptKey);
export const keepAttempt = (value) => store(attemptKey, value);
export const forgetAttempt = () => store(attemptKey, null);

/** The order that was placed last: {id, user, at}. A reload that had begun before the reply came leads to it. */
export const lastPlaced = () => load(placedKey);
export const keepPlaced = (value) => store(placedKey, value);

/** A key that nobody else has. */
export function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

function load(key) {
  try {
    const value = JSON.parse(localStorage.getItem(key) ?? "null");
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that stores nothing keeps it until the next reload.
  }
}

addEventListener("storage", ({ key }) => {
  if (key !== basketKey && key !== null) return;
  known = read();
  listeners.forEach((callback) => callback());
});
