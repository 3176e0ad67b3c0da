// The sheet of the store's menus: what is sold out, and until when.

import { call, now } from "./page-api.js";
import { midnight } from "./store-orders.js";
import { makeButton, openSheet, showFailure } from "./store-sheets.js";
import { failureText, money, text, time } from "./store-text.js";

const sheet = document.querySelector("#soldout");
const list = sheet.querySelector("#soldout-list");
const filter = sheet.querySelector("#soldout-filter");
const minute = 60_000;
const most = 300;
const durations = ["30", "120", "today", "open"];

let menus = null;
let failure = null;
/** The menu whose durations are shown, and what failed for which. */
let choosing = null;
let failures = new Map();
let isBusy = false;
let signedOut = () => {};

export function prepareSoldOut(onSignedOut) {
  signedOut = onSignedOut;
  filter.addEventListener("input", renderSoldOut);
}

export async function openSoldOut() {
  choosing = null;
  failures = new Map();
  filter.value = "";
  openSheet(sheet);
  await load();
}

/** Takes a menu that changed, here or in another tab. */
export function takeMenu(menu) {
  const index = menus?.findIndex(({ id }) => id === menu?.id) ?? -1;
  if (index < 0) return;
  menus[index] = menu;
  renderSoldOut();
}

async function load() {
  failure = null;
  renderSoldOut();
  try {
    menus = await call("GET", "api/store-menu");
  } catch (error) {
    if (error.kind === "unauthorized") return signedOut();
    failure = error;
  }
  renderSoldOut();
}

async function set(menu, until) {
  if (isBusy) return;
  isBusy = true;
  failures.delete(menu.id);
  renderSoldOut();
  try {
    const path = `api/store-menu/${menu.id}/${until === undefined ? "on-sale" : "sold-out"}`;
    const body = until ? { until: new Date(until).toISOString() } : {};
    const changed = await call("POST", path, body);
    choosing = null;
    isBusy = false;
    takeMenu(changed);
    list.querySelector(`[data-menu-id="${menu.id}"] button`)?.focus();
  } catch (error) {
    if (error.kind === "unauthorized") return signedOut();
    failures.set(menu.id, error);
  } finally {
    isBusy = false;
    renderSoldOut();
  }
}

/** When a choice ends, in milliseconds; null is until further notice. */
function endOf(choice) {
  if (choice === "open") return null;
  return choice === "today" ? midnight() + 24 * 60 * minute : now() + Number(choice) * minute;
}

export function renderSoldOut() {
  if (!sheet.open) return;
  const problem = sheet.querySelector("#soldout-failure");
  showFailure(problem, failure && menus === null ? failureText(failure) : "");
  sheet.querySelector("#soldout-retry").hidden = problem.hidden;
  sheet.querySelector("#soldout-retry").onclick = load;
  const all = menus ?? [];
  filter.closest("label").hidden = all.length <= 10;
  const wanted = filter.value.trim().toLowerCase();
  const found = all.filter((menu) => String(menu.name).toLowerCase().includes(wanted));
  const out = all.filter((menu) => menu.sold_out).length;
  sheet.querySelector("#soldout-count").textContent = menus ? text("soldout.count", { n: out, all: all.length }) : "";
  const focus = document.activeElement?.closest?.("[data-menu-id]") && document.activeElement.dataset.key;
  list.replaceChildren(...found.slice(0, most).map(row));
  if (focus) list.querySelector(`[data-key="${focus}"]`)?.focus();
  const empty = sheet.querySelector("#soldout-empty");
  empty.hidden = failure !== null || found.length > 0;
  empty.textContent = text(menus === null ? "loading" : all.length === 0 ? "soldout.empty" : "soldout.none");
}

function row(menu) {
  const item = document.createElement("li");
  item.dataset.menuId = menu.id;
  item.dataset.soldOut = menu.sold_out === true;
  const words = document.createElement("div");
  words.className = "menu-words";
  const name = document.createElement("b");
  name.textContent = menu.name;
  const state = document.createElement("span");
  state.textContent = stateOf(menu);
  words.append(name, state);
  item.append(words, mainButton(menu));
  if (choosing === menu.id && !menu.sold_out) item.append(choices(menu));
  if (failures.has(menu.id)) {
    const failed = document.createElement("p");
    failed.className = "failure";
    failed.setAttribute("role", "alert");
    failed.textContent = failureText(failures.get(menu.id));
    item.append(failed);
  }
  return item;
}

function stateOf(menu) {
  if (!menu.sold_out) return money(menu.amount);
  const until = Date.parse(menu.sold_out_until ?? "");
  return Number.isNaN(until) ? text("soldout.open") : text("soldout.until", { time: time(until) });
}

function mainButton(menu) {
  const isOpen = choosing === menu.id;
  const label = text(menu.sold_out ? "soldout.end" : isOpen ? "cancel" : "soldout.begin");
  const button = makeButton(label, "button", () => {
    if (menu.sold_out) return set(menu);
    choosing = isOpen ? null : menu.id;
    failures.delete(menu.id);
    renderSoldOut();
    if (!isOpen) list.querySelector(`[data-key="${menu.id} ${durations[0]}"]`)?.focus();
  });
  button.dataset.key = `${menu.id}`;
  button.setAttribute("aria-label", `${menu.name}: ${label}`);
  if (!menu.sold_out) button.setAttribute("aria-expanded", isOpen);
  button.setAttribute("aria-busy", isBusy && isOpen);
  return button;
}

function choices(menu) {
  const group = document.createElement("div");
  group.className = "choices";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", text("soldout.how-long", { name: menu.name }));
  for (const choice of durations) {
    const button = makeButton(text(`soldout.for.${choice}`), "button", () => set(menu, endOf(choice)));
    button.dataset.key = `${menu.id} ${choice}`;
    button.disabled = isBusy;
    group.append(button);
  }
  return group;
}
