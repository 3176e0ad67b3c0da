// The rider's page: snapshot, then stream; what a rider can do with it.

import { Deliveries } from "./rider-deliveries.js";
import { feed } from "./rider-feed.js";
import { hideProblem, renderConnection, showProblem, showToast } from "./rider-notices.js";
import { render, renderAges } from "./rider-rows.js";
import "./rider-text.js";
import { Failure, address, call, exchange, learnClock, parse } from "./page-api.js";
import { joinStream } from "./page-share.js";
import { applyTexts, onLanguageChange, switchLanguage, text } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const board = $("#board");
const session = new BroadcastChannel("store-session");
const deliveries = new Deliveries();
/** Many riders read when an order is cooked: not all in the same moment. */
const readDelay = () => 50 + 250 * Math.random();

let me = null;
let stream = null;
let connection = { state: "reconnecting", since: 0, lastContact: 0 };
let cursor = 0;
/** Messages that came while a snapshot was being read; null when none is. */
let held = [];
let loads = 0;
let failures = 0;
let loadTimer = 0;

// Loading

async function load() {
  clearTimeout(loadTimer);
  loadTimer = 0;
  held ??= [];
  loads += 1;
  const turn = loads;
  try {
    me ??= await call("GET", "api/store-user/me");
    const { body, last_event_id: position } = await exchange("GET", "api/rider/delivery");
    if (turn !== loads) return;
    taken(body, position);
  } catch (error) {
    if (!(error instanceof Failure)) console.error(error);
    if (turn === loads) loadFailed(error instanceof Failure ? error : new Failure("server"));
  }
}

function taken(body, position) {
  const isFirst = board.dataset.state !== "ready";
  const { added, lost } = deliveries.load(body);
  cursor = Math.max(cursor, position);
  failures = 0;
  hideProblem();
  board.dataset.state = "ready";
  renderRider();
  const waiting = held ?? [];
  held = null;
  waiting.forEach(receive);
  if (!isFirst) tell(added, lost);
  renderDeliveries();
  stream ??= joinStream({
    feed,
    worker: "rider-worker.js",
    name: `rider-${me.user.id}`,
    cursor: () => cursor,
    deliver: (message) => receive(message),
  });
}

/** Reads again soon; further events until then change nothing. */
function loadSoon() {
  loadTimer ||= setTimeout(load, readDelay());
}

function loadFailed(failure) {
  if (failure.kind === "unauthorized") return signedOut();
  const delay = Math.max(failure.retryAfter, Math.min(30, 2 ** (failures + 1)));
  failures += 1;
  clearTimeout(loadTimer);
  loadTimer = setTimeout(load, delay * 1_000);
  if (board.dataset.state !== "ready") return showProblem(failure, delay);
  // What came meanwhile still counts.
  const waiting = held ?? [];
  held = null;
  waiting.forEach(receive);
}

function tell(added, lost) {
  if (added.length > 0) {
    $("#announcer").textContent = text("rider.new", { store: added.map(({ store }) => store.name).join(", ") });
    // A browser refuses it until somebody has touched the page.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(200);
  }
  for (const id of lost) {
    if (!expected.delete(id)) showToast(text("rider.over", { id }));
  }
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
      cursor = 0;
      held = [];
      return load();
    default:
      if (held) held.push(message);
      else apply(message);
  }
}

function apply({ name, id, data }) {
  if (name !== "delivery-changed" || id <= cursor) return;
  cursor = id;
  const change = parse(data);
  if (!change) return;
  if (deliveries.change(change, me.user.id)) loadSoon();
  renderDeliveries();
}

function connectionChanged(message) {
  const wasLost = connection.state === "lost";
  connection = { ...message };
  renderConnection(connection);
  if (wasLost && message.state === "connected") showToast(text("rider.back"));
}

function signedOut() {
  location.replace(address("login"));
}

// What a rider does

/** Orders that this page itself ends or gives back. */
const expected = new Set();

async function act(id, step) {
  const delivery = deliveries.get(id);
  if (!delivery || delivery.busy || delivery.goneAt) return;
  Object.assign(delivery, { busy: true, failure: null });
  if (step === "complete" || step === "release") expected.add(id);
  renderDeliveries();
  let failure = null;
  try {
    done(id, step, await call("POST", `api/rider/delivery/${id}/${step}`));
  } catch (error) {
    expected.delete(id);
    failure = error.kind ?? "server";
    if (!error.kind) console.error(error);
  }
  if (failure === "unauthorized") return signedOut();
  if (failure === "refused") await refused(id, step);
  // A snapshot may have replaced it meanwhile.
  const current = deliveries.get(id);
  if (current) {
    current.busy = false;
    if (failure && failure !== "refused") {
      current.failure = `failure.${failure === "limited" ? "server" : failure}`;
    }
  }
  renderDeliveries();
}

function done(id, step, reply) {
  deliveries.put(reply);
  if (step === "take") {
    showToast(text("rider.taken", { store: reply.store.name }));
    scrollTo({ top: 0, behavior: "smooth" });
  }
  if (step === "release") showToast(text("rider.released", { id }));
  if (step === "complete") showToast(text("rider.completed"));
}

/** Somebody was faster, perhaps this rider with a try whose reply was lost: what is true now says it. */
async function refused(id, step) {
  const before = deliveries.get(id)?.status;
  await load();
  const current = deliveries.get(id);
  if (step === "take" && !deliveries.isMine(id)) {
    if (current && !current.goneAt) current.failure = "failure.refused";
    else showToast(text("rider.gone.toast", { id }));
  } else if (current && step !== "take" && current.status === before) {
    current.failure = "failure.refused";
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

// Showing

function renderDeliveries() {
  if (board.dataset.state !== "ready") return;
  render(deliveries, act);
  const n = deliveries.mine.length;
  document.title = n > 0 ? text("rider.title.mine", { n }) : text("rider.title");
  $("#today").textContent = text("rider.today", { n: deliveries.deliveredToday });
}

function renderRider() {
  if (!me) return;
  const { name, area_codes: areas } = me.rider ?? { name: "", area_codes: [] };
  if (name) $("#rider-name").textContent = name;
  $("#areas").textContent = text("rider.areas", { areas: areas.join(", ") || text("rider.everywhere") });
  $("#account").textContent = me.user.email;
}

function renderTexts() {
  applyTexts();
  renderRider();
  renderConnection(connection);
  renderDeliveries();
}

function listen() {
  $("#logout").addEventListener("click", signOut);
  $("#reconnect").addEventListener("click", () => stream?.retry());
  $("#problem-retry").addEventListener("click", load);
  $("#language").addEventListener("click", () => {
    switchLanguage();
    renderTexts();
  });
  addEventListener("click", ({ target }) => {
    const menu = $("#menu");
    if (!menu.contains(target) || target.closest(".menu-items button")) menu.open = false;
  });
  addEventListener("keydown", ({ key }) => key === "Escape" && ($("#menu").open = false));
  addEventListener("pagehide", () => stream?.leave());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  // A phone that was in a pocket: the stream comes back by itself, sooner when somebody looks.
  addEventListener("visibilitychange", () => document.visibilityState === "visible" && stream?.retry());
  addEventListener("online", () => stream?.retry());
  session.onmessage = signedOut;
  onLanguageChange(renderTexts);
  setInterval(() => {
    renderConnection(connection);
    if (deliveries.sweep()) renderDeliveries();
  }, 1_000);
  setInterval(renderAges, 10_000);
}

applyTexts();
listen();
renderConnection(connection);
load();
