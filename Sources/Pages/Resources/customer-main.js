// The customer's page: which view the address shows, and what all of them share.

import { Failure } from "./page-api.js";
import { account, login, registration } from "./customer-account.js";
import * as basket from "./customer-basket.js";
import { checkout } from "./customer-checkout.js";
import { fill, h } from "./customer-dom.js";
import { history as orders } from "./customer-history.js";
import { menu } from "./customer-menu.js";
import { connectionEnded, connectionIs, problem, renderConnection, skeleton } from "./customer-notices.js";
import { follow, leave, listed, onOrders, reconnect, unfollow } from "./customer-orders.js";
import { identify, me, onSession } from "./customer-session.js";
import { order } from "./customer-status.js";
import { forgetStores, stores } from "./customer-stores.js";
import { applyTexts, money, onLanguageChange, switchLanguage, text } from "./customer-text.js";

const $ = (selector) => document.querySelector(selector);
const routes = [
  [/^\/?$/, stores, "stores"],
  [/^\/category\/(?<category>[A-Z_]+)$/, stores, "stores"],
  [/^\/store\/(?<id>[1-9]\d*)$/, menu, "stores"],
  [/^\/checkout$/, checkout, ""],
  [/^\/order\/(?<id>[1-9]\d*)$/, order, "orders"],
  [/^\/orders$/, orders, "orders"],
  [/^\/me$/, account, "me"],
];

/** What must end when the view that is shown does. */
let endings = [];
let retryTimer = 0;

function show({ complaint = null, keepsPlace = false } = {}) {
  clearTimeout(retryTimer);
  if ($("#question").open) $("#question").close();
  for (const end of endings.splice(0)) end();
  const path = location.hash.slice(1);
  const root = h("div", { class: "page" });
  const [view, parameters, place] = target(path);
  const host = hostOf(root, view !== checkout && place === "stores");
  $("#nav").hidden = me === null;
  for (const link of document.querySelectorAll("[data-nav]")) {
    link.toggleAttribute("aria-current", false);
    if (link.dataset.nav === place) link.setAttribute("aria-current", "page");
  }
  $("#back").hidden = true;
  fill($("#view"), root);
  view({ ...parameters, complaint }, host);
  $("#view").removeAttribute("aria-busy");
  renderBar();
  if (keepsPlace) return;
  scrollTo(0, 0);
  $("#title").focus({ preventScroll: true });
}

function target(path) {
  if (me === null) return path === "/register" ? [registration, {}, ""] : [login, {}, ""];
  for (const [pattern, view, place] of routes) {
    const match = pattern.exec(path);
    if (match) return [view, { ...match.groups }, place];
  }
  history.replaceState(null, "", "#/");
  return [stores, {}, "stores"];
}

/** What a view may do to the page around it. */
function hostOf(root, showsBasket) {
  bar = showsBasket ? "basket" : null;
  return {
    root,
    isShown: () => root.isConnected,
    title(title) {
      $("#title").textContent = title;
      document.title = title === text("app.name") ? title : `${title} · ${text("app.name")}`;
    },
    back(hash) {
      $("#back").hidden = false;
      $("#back").onclick = () => go(hash);
    },
    bar(element) {
      bar = element;
      renderBar();
    },
    go,
    replace(hash) {
      history.replaceState(null, "", hash);
      show();
    },
    reopen: (complaint) => show({ complaint }),
    onLeave: (callback) => endings.push(callback),
    every(milliseconds, callback) {
      const timer = setInterval(callback, milliseconds);
      endings.push(() => clearInterval(timer));
    },
    switchLanguage() {
      switchLanguage();
      renderTexts();
    },
  };
}

function go(hash) {
  if (location.hash === hash || (hash === "#/" && location.hash === "")) show();
  else location.hash = hash;
}

/** At the lower edge: the basket, the view's own button, or nothing. */
let bar = null;

function renderBar() {
  const shown = bar === "basket" ? basketBar() : bar;
  const place = $("#bar");
  if (place.firstElementChild !== shown) fill(place, shown);
  place.hidden = !shown;
  document.body.classList.toggle("has-bar", Boolean(shown));
}

function basketBar() {
  if (basket.isEmpty() || me === null) return null;
  const missing = basket.missing();
  return h(
    "a", { class: "button primary wide", id: "basket-bar", href: "#/checkout", "data-key": "basket-bar" },
    h("span", {}, text("basket.bar", { n: basket.count(), total: money(basket.total()) })),
    missing > 0 && h("span", { class: "small" }, text("basket.missing", { amount: money(missing) })),
  );
}

function renderTexts() {
  applyTexts();
  renderConnection();
  renderOpenCount();
  show({ keepsPlace: true });
}

function renderOpenCount() {
  const count = listed({ ended: false }).length;
  $("#open-count").textContent = count > 99 ? "99+" : String(count);
  $("#open-count").hidden = count === 0;
}

// Who is here

/** Finds out who is logged in, and shows what the address says. */
async function begin(delay = 2_000) {
  try {
    await identify();
  } catch (failure) {
    if (failure instanceof Failure && failure.kind === "unauthorized") return show();
    fill($("#view"), problem(failure instanceof Failure ? failure : {}, () => begin()));
    retryTimer = setTimeout(begin, delay, Math.min(30_000, delay * 2));
    return;
  }
  enter();
}

function enter() {
  if (["#/register", "#/login"].includes(location.hash)) history.replaceState(null, "", "#/");
  followOrders();
  show();
}

async function followOrders(delay = 2_000) {
  try {
    await follow(connectionIs);
  } catch (failure) {
    if (failure.kind !== "unauthorized" && me !== null) setTimeout(followOrders, delay, Math.min(30_000, delay * 2));
  }
}

function sessionChanged() {
  unfollow();
  connectionEnded();
  forgetStores();
  renderOpenCount();
  if (me !== null) return enter();
  show();
}

function listen() {
  addEventListener("hashchange", () => show());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  $("#reconnect").addEventListener("click", reconnect);
  setInterval(renderConnection, 5_000);
  basket.onBasket(renderBar);
  onOrders(renderOpenCount);
  onSession(sessionChanged);
  onLanguageChange(renderTexts);
}

applyTexts();
listen();
fill($("#view"), skeleton(4));
begin();
