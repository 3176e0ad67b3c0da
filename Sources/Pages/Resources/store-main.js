// The store owner's page: snapshot, then stream; what a person can do with it.

import { Failure, address, call, learnClock, parse } from "./page-api.js";
import { focusedOrder, moveFocus, pulse, render, renderAges, showColumn } from "./store-cards.js";
import { hideProblem, renderConnection, showProblem, showToast } from "./store-notices.js";
import { Orders, nextStep } from "./store-orders.js";
import { joinStream } from "./page-share.js";
import { feed } from "./store-feed.js";
import { snapshot } from "./store-snapshot.js";
import { Alarm } from "./store-sound.js";
import { applyTexts, money, onLanguageChange, switchLanguage, text } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const board = $("#board");
const session = new BroadcastChannel("store-session");
const orders = new Orders();
const alarm = new Alarm(() => renderSound());

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

// Loading

async function load() {
  clearTimeout(retryTimer);
  held ??= [];
  loads += 1;
  const turn = loads;
  try {
    me ??= await call("GET", "api/store-user/me");
    const { entries, position } = await snapshot();
    if (turn !== loads) return;
    orders.load(entries);
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
    stream ??= joinStream({
      feed,
      worker: "store-worker.js",
      name: `orders-1-${me.store.id}-${me.user.id}`,
      cursor: () => cursor,
      deliver: (message) => receive(message),
    });
  } catch (error) {
    if (!(error instanceof Failure)) console.error(error);
    if (turn === loads) loadFailed(error instanceof Failure ? error : new Failure("server"));
  }
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
  if (name === "order-status") orders.change(body);
  if (name === "order-acknowledged") orders.acknowledge(body);
  changed();
}

function placed(entry) {
  const order = orders.place(entry);
  if (!order) return;
  missed += 1;
  pulse();
  const [item, ...others] = order.items;
  const items = item ? `${item.quantity} × ${item.name}` : "";
  const more = others.length > 0 ? ` ${text("order.more", { n: others.length })}` : "";
  const values = { id: order.id, items: items + more, total: money(order.amount) };
  $("#announcer").textContent = text("order.announce", values);
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

async function act(id, step) {
  const order = orders.get(id);
  if (!order || order.busy || nextStep(order) !== step) return;
  Object.assign(order, { busy: true, failure: null, silenced: true });
  changed();
  let failure = null;
  try {
    await call("POST", `api/user-order/${id}/${step}`);
  } catch (error) {
    failure = error.kind ?? "server";
  }
  // A snapshot may have replaced the order meanwhile.
  const current = orders.get(id);
  if (failure === "unauthorized") return signedOut();
  if (!current) return;
  current.busy = false;
  if (failure) current.failure = failure === "limited" ? "failure.server" : `failure.${failure}`;
  else if (step === "acknowledge") orders.acknowledge({ id });
  changed();
}

async function acknowledgeAll() {
  for (const order of orders.waiting()) await act(order.id, "acknowledge");
}

async function testPush() {
  try {
    await call("POST", "api/sse/push-event", {});
  } catch (failure) {
    showToast(text(failure.kind === "limited" ? "failure.server" : `failure.${failure.kind}`));
  }
}

async function signOut() {
  try {
    await call("POST", "logout", {});
  } catch (failure) {
    if (failure.kind !== "unauthorized") return showToast(text(`failure.${failure.kind}`));
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
  const waiting = orders.waiting();
  alarm.ringing = waiting.some((order) => !order.silenced);
  renderTimer ||= setTimeout(() => {
    renderTimer = 0;
    renderOrders();
  }, 16);
}

function renderOrders() {
  const arranged = orders.arranged();
  render(arranged, act);
  const count = arranged.new.length;
  document.title = count > 0 ? text("title.new", { n: count }) : text("title.idle", { store: me?.store.name ?? "" });
  $("#acknowledge-all").hidden = orders.waiting().length < 2;
  const today = orders.today();
  $("#today-count").textContent = text("today.count", { n: today.count });
  $("#today-sales").textContent = money(today.sales);
}

function renderSound() {
  const { state } = alarm;
  $("#sound").dataset.state = state;
  $("#sound-text").textContent = text(`sound.${state}`);
  $("#sound-notice").hidden = state !== "blocked";
}

function renderTexts() {
  applyTexts();
  renderSound();
  renderConnection(connection);
  if (me) changed();
}

// Keys: letters by their place too, since a Korean layout gives ㅡ for M.

function keyPressed(event) {
  const { key, code, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("#keys").open) return;
  if (target.matches?.("input, textarea, select")) return;
  if (key.startsWith("Arrow")) {
    if (target.closest?.("[role=tablist]")) return;
    moveFocus(key);
  } else if (key === "Enter" && target.matches?.(".order-card")) {
    const order = orders.get(focusedOrder());
    if (order && nextStep(order)) act(order.id, nextStep(order));
  } else if (key === "m" || key === "M" || code === "KeyM") {
    toggleSound();
  } else if (key === "?") {
    $("#keys").showModal();
  } else if (key === "Escape") {
    $("#menu").open = false;
    return;
  } else {
    return;
  }
  event.preventDefault();
}

function listen() {
  $("#sound").addEventListener("click", toggleSound);
  $("#sound-enable").addEventListener("click", () => alarm.enable());
  $("#test-sound").addEventListener("click", () => alarm.test());
  $("#test-push").addEventListener("click", testPush);
  $("#show-keys").addEventListener("click", () => $("#keys").showModal());
  $("#logout").addEventListener("click", signOut);
  $("#reconnect").addEventListener("click", () => stream?.retry());
  $("#problem-retry").addEventListener("click", load);
  $("#acknowledge-all").addEventListener("click", acknowledgeAll);
  $("#language").addEventListener("click", () => {
    switchLanguage();
    renderTexts();
  });
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", () => showColumn(tab.dataset.tab));
  }
  addEventListener("click", ({ target }) => {
    const menu = $("#menu");
    if (!menu.contains(target) || target.closest(".menu-items button")) menu.open = false;
  });
  addEventListener("keydown", keyPressed);
  addEventListener("pagehide", () => stream?.leave());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  session.onmessage = signedOut;
  onLanguageChange(renderTexts);
  setInterval(() => renderConnection(connection), 1_000);
  setInterval(renderAges, 10_000);
  setInterval(changed, 60_000);
}

applyTexts();
listen();
renderSound();
renderConnection(connection);
load();
