// The store owner's page: snapshot, then stream, and what they change.

import "./store-main-text.js";
import { Actions, isOwnChange, remarkOf } from "./store-actions.js";
import { Failure, address, call, learnClock, now, parse } from "./page-api.js";
import { joinStream } from "./page-share.js";
import { focusOrder, pulse, render, renderAges, showColumn } from "./store-cards.js";
import { feed } from "./store-feed.js";
import { openHistory, prepareHistory, renderHistory } from "./store-history.js";
import { listenToKeys } from "./store-keys.js";
import { hideProblem, renderConnection, showProblem, showToast } from "./store-notices.js";
import { Orders, mayReject } from "./store-orders.js";
import { askReason, checkReject, renderReject } from "./store-reject.js";
import { Running } from "./store-running.js";
import { openSheet, prepareSheets } from "./store-sheets.js";
import { Shop } from "./store-shop.js";
import { snapshot } from "./store-snapshot.js";
import { openSoldOut, prepareSoldOut, renderSoldOut, takeMenu } from "./store-soldout.js";
import { Alarm } from "./store-sound.js";
import { Summary } from "./store-summary.js";
import { applyTexts, failureText, money, onLanguageChange, switchLanguage, text } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const board = $("#board");
const session = new BroadcastChannel("store-session");
/** How long a card says what somebody else did to it. */
const remarkTime = 120_000;
/** A second tap so soon was meant for the card that has just moved away. */
const tapPause = 350;
/** Pixels. */
const tapReach = 40;

const orders = new Orders();
const alarm = new Alarm(() => renderSound());
const shop = new Shop(() => changed());
const summary = new Summary(() => changed());
const running = new Running(shop, signedOut);
const actions = new Actions({ orders, changed, told, signedOut });

let me = null;
let stream = null;
let connection = { state: "reconnecting", since: 0, lastContact: 0 };
let cursor = 0;
/** Messages that came while a snapshot was being read; null when none is. */
let held = [];
let loads = 0;
let failures = 0;
let retryTimer = 0;
let renderTimer = 0;
let missed = 0;
let lastTap = { id: 0, x: 0, y: 0, at: 0 };

// Loading

async function load() {
  clearTimeout(retryTimer);
  held ??= [];
  loads += 1;
  const turn = loads;
  try {
    me ??= await call("GET", "api/store-user/me");
    const { entries, more, position } = await snapshot();
    if (turn !== loads) return;
    orders.load(entries, more);
    cursor = position;
    failures = 0;
    hideProblem();
    board.dataset.state = "ready";
    $("#store-name").textContent = me.store.name;
    $("#account").textContent = me.user.email;
    const waiting = held;
    held = null;
    waiting.forEach(receive);
    changed();
    readMore();
    stream ??= joinStream({
      feed,
      worker: "store-worker.js",
      name: `orders-2-${me.store.id}-${me.user.id}`,
      cursor: () => cursor,
      deliver: (message) => receive(message),
    });
  } catch (error) {
    if (!(error instanceof Failure)) console.error(error);
    if (turn === loads) loadFailed(error instanceof Failure ? error : new Failure("server"));
  }
}

/** What the board can do without: read after the position, so that no change of it is missed. */
function readMore() {
  summary.load();
  shop.load().catch((failure) => failure.kind === "unauthorized" && signedOut());
}

function loadFailed(failure) {
  if (failure.kind === "unauthorized") return signedOut();
  const delay = Math.max(failure.retryAfter, Math.min(30, 2 ** (failures + 1)));
  failures += 1;
  retryTimer = setTimeout(load, delay * 1_000);
  if (board.dataset.state !== "ready") showProblem(failure, delay);
}

// The stream

function receive(message) {
  switch (message.kind) {
    case "state":
      return connectionChanged(message);
    case "heartbeat":
      connection.lastContact = Date.now();
      return learnClock(parse(message.data)?.at);
    case "unauthorized":
      return signedOut();
    case "reset":
      held = [];
      return load();
    default:
      if (held) held.push(message);
      else apply(message);
  }
}

function apply({ name, id, data }) {
  const body = parse(data);
  if (name === "push") return pushed(body);
  if (id <= cursor) return;
  cursor = id;
  if (!body) return;
  if (name === "message") placed(body);
  if (name === "order-status") statusChanged(body);
  if (name === "order-acknowledged") orders.acknowledge(body);
  if (name === "store-settings") shop.take(body);
  if (name === "store-menu") takeMenu(body);
  changed();
}

function placed(entry) {
  const order = orders.place(entry);
  if (!order) return;
  summary.placed(order);
  // What the customer has cancelled before it came asks for nobody.
  if (order.status !== "ORDER" && order.status !== "ACCEPT") return;
  missed += 1;
  pulse();
  if (order.status === "ACCEPT") alarm.chime();
  const [item, ...others] = order.items;
  const items = item ? `${item.quantity} × ${item.name}` : "";
  const more = others.length > 0 ? ` ${text("order.more", { n: others.length })}` : "";
  const values = { id: order.id, items: items + more, total: money(order.amount) };
  $("#announcer").textContent = text("order.announce", values);
}

function statusChanged(body) {
  const known = orders.get(body.id);
  const isAccepted = known?.status === "ORDER" && body.status === "ACCEPT";
  const isOurs = known !== undefined && isOwnChange(known, body);
  const order = orders.change(body);
  if (!order) return;
  summary.moved(order);
  if (isOurs) return;
  order.remark = { key: remarkOf(body), at: now() };
  // Nobody has heard of an order that was accepted by itself.
  if (isAccepted && body.actor === "SYSTEM") alarm.chime();
  else told(order);
}

/** Says what somebody else did to an order. */
function told(order) {
  if (!order.remark?.key) return;
  showToast(`${text("order.number", { id: order.id })} ${text(order.remark.key)}`);
}

function pushed(body) {
  const content = body?.data;
  if (content === undefined || content === null) return showToast(text("notice.push.empty"));
  const shown = typeof content === "string" ? content : JSON.stringify(content);
  showToast(text("notice.push", { data: shown.slice(0, 200) }));
}

let backTimer = 0;

function connectionChanged(message) {
  const wasLost = connection.state === "lost";
  connection = { ...message };
  renderConnection(connection);
  clearTimeout(backTimer);
  if (!wasLost || message.state !== "connected") return;
  missed = 0;
  backTimer = setTimeout(() => {
    showToast(missed > 0 ? text("notice.back.orders", { n: missed }) : text("notice.back"));
  }, 800);
}

function signedOut() {
  location.replace(address("login"));
}

// What a person does

/** Several taps in a row at one place are for one card: the next one has moved under the finger. */
function isStray(id, { clientX: x, clientY: y }) {
  const last = lastTap;
  const isNear = Math.abs(x - last.x) + Math.abs(y - last.y) < tapReach;
  if (last.id !== id && isNear && Date.now() - last.at < tapPause) return true;
  lastTap = { id, x, y, at: Date.now() };
  return false;
}

/** What the buttons of a card do, and the keys when a card has the focus. */
function act(what, id, detail) {
  const order = orders.get(id);
  if (!order) return;
  if (what === "minutes") {
    order.minutes = detail;
    return changed();
  }
  if (detail?.detail > 0 && isStray(id, detail)) return;
  // What failed is tried again before anything else is done.
  if (what === "enter") return act(order.failure ? "retry" : "primary", id);
  if (what === "primary") actions.primary(id, order.minutes ?? shop.usualMinutes);
  if (what === "acknowledge") actions.run(id, "acknowledge");
  if (what === "retry") actions.retry(id);
  if (what === "reject" && mayReject(order) && !order.busy) {
    askReason(order, (body) => {
      focusOrder(id);
      actions.run(id, "reject", body);
    });
  }
}

async function acknowledgeAll() {
  for (const order of orders.waiting()) await actions.run(order.id, "acknowledge");
}

async function testPush() {
  try {
    await call("POST", "api/sse/push-event", {});
  } catch (failure) {
    if (failure.kind === "unauthorized") return signedOut();
    showToast(failureText(failure));
  }
}

async function signOut() {
  try {
    await call("POST", "logout", {});
  } catch (failure) {
    if (failure.kind !== "unauthorized") return showToast(failureText(failure));
  }
  session.postMessage("signed-out");
  signedOut();
}

function toggleSound() {
  if (alarm.state === "on") alarm.mute(true);
  else alarm.enable();
}

// Showing

/** What must not wait happens at once, also in a hidden tab; the cards are drawn once for many events. */
function changed() {
  alarm.ringing = orders.waiting().some((order) => !order.silenced);
  renderTimer ||= setTimeout(() => {
    renderTimer = 0;
    renderAll();
  }, 16);
}

function renderAll() {
  running.render();
  if (board.dataset.state !== "ready") return;
  const arranged = orders.arranged();
  render(arranged, { act, choices: shop.choices, isTrimmed: orders.isTrimmed });
  const count = arranged.new.length;
  document.title = count > 0 ? text("title.new", { n: count }) : text("title.idle", { store: me?.store.name ?? "" });
  $("#acknowledge-all").hidden = orders.waiting().length < 2;
  $("#today-count").textContent = summary.orders === null ? "–" : text("today.count", { n: summary.orders });
  $("#today-sales").textContent = summary.sales === null ? "–" : money(summary.sales);
  checkReject(orders);
}

function renderSound() {
  const { state } = alarm;
  $("#sound").dataset.state = state;
  $("#sound-text").textContent = text(`sound.${state}`);
  $("#sound").title = text(`sound.${state}`);
  $("#sound-notice").hidden = state !== "blocked";
}

function renderTexts() {
  applyTexts();
  renderSound();
  renderConnection(connection);
  renderReject();
  renderSoldOut();
  renderHistory();
  changed();
}

/** Once a minute: what time alone changes. */
function tick() {
  orders.forgetRemarks(now() - remarkTime);
  summary.tick();
  if (me && !shop.isKnown) shop.load().catch(() => {});
  changed();
}

function listen() {
  const clicks = {
    "#sound": toggleSound,
    "#sound-enable": () => alarm.enable(),
    "#test-sound": () => alarm.test(),
    "#test-push": testPush,
    "#show-keys": () => openSheet($("#keys")),
    "#show-soldout": openSoldOut,
    "#show-history": openHistory,
    "#logout": signOut,
    "#reconnect": () => stream?.retry(),
    "#problem-retry": load,
    "#acknowledge-all": acknowledgeAll,
  };
  for (const [selector, action] of Object.entries(clicks)) $(selector).addEventListener("click", () => action());
  $("#language").addEventListener("click", () => {
    switchLanguage();
    renderTexts();
  });
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", () => showColumn(tab.dataset.tab));
  }
  addEventListener("click", ({ target }) => {
    const menu = $("#menu");
    if (!menu.contains(target) || target.closest(".menu-items :is(button, a)")) menu.open = false;
  });
  listenToKeys({ act, toggleSound });
  prepareSheets();
  prepareSoldOut(signedOut);
  prepareHistory(signedOut);
  addEventListener("pagehide", () => stream?.leave());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  session.onmessage = signedOut;
  onLanguageChange(renderTexts);
  setInterval(() => renderConnection(connection), 1_000);
  setInterval(() => {
    renderAges();
    running.render();
  }, 10_000);
  setInterval(tick, 60_000);
}

listen();
renderTexts();
load();
