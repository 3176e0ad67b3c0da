// What a store has earned, by day or month; for operators, what all stores have on a day.

import "./settlement-text.js";
import { Failure, address, exchange, now } from "./page-api.js";
import { applyTexts, clock, language, money, onLanguageChange, switchLanguage, text } from "./page-text.js";

const $ = (selector) => document.querySelector(selector);
const board = $("#board");
const session = new BroadcastChannel("store-session");
const dayLength = 86_400_000;
const readEvery = 10_000;
const storesOnPage = 100;

/** Who looks: nothing is known before the first answer. */
let me = null;
let data = null;
let readAt = 0;
let loads = 0;
let problem = null;

// What is chosen: in the address, so that it survives a reload and can be passed on

const korea = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Seoul", dateStyle: "short" });
const today = () => korea.format(now());
const isDay = (value) => /^\d{4}-\d{2}-\d{2}$/.test(value ?? "") && !Number.isNaN(Date.parse(value));
const isMonth = (value) => /^\d{4}-\d{2}$/.test(value ?? "") && isDay(`${value}-01`);

let chosen = read();

function read() {
  const { searchParams: query } = new URL(location.href);
  if (isMonth(query.get("month"))) return { mode: "month", value: query.get("month") };
  return { mode: "day", value: isDay(query.get("day")) ? query.get("day") : today() };
}

function choose(mode, value) {
  if (chosen.mode === mode && chosen.value === value) return;
  chosen = { mode, value };
  history.pushState(null, "", `?${mode}=${value}`);
  load();
}

function step(count) {
  if (chosen.mode === "day") {
    choose("day", new Date(Date.parse(chosen.value) + count * dayLength).toISOString().slice(0, 10));
  } else {
    const month = new Date(`${chosen.value}-01T00:00:00Z`);
    month.setUTCMonth(month.getUTCMonth() + count);
    choose("month", month.toISOString().slice(0, 7));
  }
}

// Loading

async function load() {
  loads += 1;
  const turn = loads;
  board.dataset.state = "loading";
  problem = null;
  render();
  try {
    me ??= (await exchange("GET", "api/store-user/me")).body;
    const figures = await fetchFigures();
    if (turn !== loads) return;
    [data, readAt] = [figures, now()];
    board.dataset.state = "ready";
  } catch (error) {
    if (turn !== loads) return;
    fail(error);
  }
  render();
}

async function fetchFigures() {
  const { body } = await exchange("GET", me.store ? `api/settlement?${query()}` : stores());
  return me.store ? body : sum(body);
}

/** Reads a period that is not over again, while somebody looks. Without an answer the figures stay, with their time. */
async function follow() {
  const isOpen = today().startsWith(chosen.value);
  const isLong = data?.stores && data.stores.length > storesOnPage;
  if (document.hidden || board.dataset.state !== "ready" || !isOpen || isLong) return;
  const turn = loads;
  try {
    const figures = await fetchFigures();
    if (turn !== loads) return;
    readAt = now();
    const isNew = JSON.stringify(figures) !== JSON.stringify(data);
    data = figures;
    // A reader is told of other figures, not of another time.
    $("#state").setAttribute("aria-live", isNew ? "polite" : "off");
    if (isNew) render();
    else renderState();
  } catch (error) {
    if (error.kind === "unauthorized") fail(error);
  }
}

async function loadMoreStores() {
  const turn = loads;
  $("#load-more").setAttribute("aria-busy", "true");
  try {
    const last = data.stores.at(-1).store_id;
    const more = (await exchange("GET", stores(last))).body;
    if (turn === loads) data = sum([...data.stores, ...more], more.length);
  } catch (error) {
    if (turn === loads) fail(error);
  }
  $("#load-more").setAttribute("aria-busy", "false");
  render();
}

function fail(error) {
  if (!(error instanceof Failure)) console.error(error);
  problem = error instanceof Failure ? error : new Failure("server");
  if (problem.kind === "unauthorized") return location.replace(address("login"));
  board.dataset.state = "problem";
}

const query = () => `${chosen.mode}=${encodeURIComponent(chosen.value)}`;
const stores = (after = 0) => `api/settlement/stores?${query()}&after=${after}&limit=${storesOnPage}`;

/** The operator's table has no sums of its own. */
function sum(list, lastPage = list.length) {
  const total = { day: chosen.value, stores: list, isComplete: lastPage < storesOnPage };
  for (const key of ["orders", "sales", "refunds", "fees", "payout", "entry_count"]) {
    total[key] = list.reduce((soFar, store) => soFar + store[key], 0);
  }
  return total;
}

// Showing

function render() {
  const isOperator = me !== null && !me.store;
  const isReady = board.dataset.state === "ready";
  if (isOperator && chosen.mode === "month") return choose("day", `${chosen.value}-01`);
  $("#modes").hidden = isOperator;
  $("#csv").hidden = isOperator;
  $("#title").textContent = text(isOperator ? "settlement.title.all" : "settlement.title");
  $("#store").textContent = me?.store?.name ?? me?.user.email ?? "\u00a0";
  $("#back").href = isOperator ? "dead-letters" : "main";
  $("#back").setAttribute("aria-label", text(isOperator ? "settlement.back.operator" : "settlement.back"));
  for (const radio of document.querySelectorAll("[name=mode]")) radio.checked = radio.value === chosen.mode;
  for (const mode of ["day", "month"]) {
    $(`#${mode}`).hidden = chosen.mode !== mode;
    $(`label[for=${mode}]`).hidden = chosen.mode !== mode;
  }
  $(`#${chosen.mode}`).value = chosen.value;
  $("#csv").href = `api/settlement?${query()}&format=csv`;
  $("#heading").textContent = period(chosen);
  document.title = `${$("#title").textContent} ${chosen.value}`;
  $("#figures").hidden = problem !== null;
  $("#problem").hidden = problem === null;
  $("#problem-text").textContent = problem ? text(reason(problem)) : "";
  $("#figures").setAttribute("aria-busy", !isReady);
  renderState();
  if (!isReady) return;
  const isEmpty = data.entry_count === 0;
  $("#orders").textContent = text("settlement.orders.n", { n: data.orders.toLocaleString("ko-KR") });
  for (const key of ["sales", "refunds", "fees", "payout"]) $(`#${key}`).textContent = money(data[key]);
  $("#scroller").hidden = isEmpty;
  if (data.stores) renderStores();
  else if (data.days) renderDays();
  else renderEntries();
  const isCut = Boolean(data.entries) && data.entries.length < data.entry_count;
  $("#more").hidden = !isCut;
  $("#more").textContent = isCut ? text("settlement.more", { n: data.entries.length.toLocaleString("ko-KR") }) : "";
  $("#load-more").hidden = !data.stores || data.isComplete;
}

function renderState() {
  if (board.dataset.state !== "ready") $("#state").textContent = text("settlement.loading");
  else if (data.entry_count === 0) $("#state").textContent = text("settlement.empty");
  else $("#state").textContent = text("settlement.read", { time: clock(readAt, { seconds: true }) });
}

function renderEntries() {
  $("#table").dataset.kind = "entries";
  fillHead(["order", "at", "amount", "fee", "payout"]);
  fillRows(data.entries, (entry) => {
    const order = cell(`#${entry.order_id}`, "th");
    if (entry.kind === "REFUND") {
      const badge = document.createElement("span");
      badge.className = "badge";
      badge.textContent = text("settlement.refund");
      order.append(" ", badge);
    }
    return [order, cell(koreanTime(entry.at)), ...[entry.amount, entry.fee, entry.amount - entry.fee].map(number)];
  });
}

function renderDays() {
  $("#table").dataset.kind = "days";
  fillHead(["date", "orders", "sales", "refunds", "fees", "payout"]);
  fillRows(data.days, (day) => {
    const date = cell("", "th");
    const link = document.createElement("a");
    link.href = `?day=${day.day}`;
    link.textContent = period({ mode: "day", value: day.day }, { isShort: true });
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      choose("day", day.day);
      $("#heading").focus();
    });
    date.append(link);
    return [date, number(day.orders), ...["sales", "refunds", "fees", "payout"].map((key) => number(day[key]))];
  });
}

function renderStores() {
  $("#table").dataset.kind = "stores";
  fillHead(["store", "orders", "sales", "refunds", "fees", "payout"]);
  fillRows(data.stores, (store) => {
    const name = cell(store.store_name, "th");
    name.dir = "auto";
    return [name, number(store.orders), ...["sales", "refunds", "fees", "payout"].map((key) => number(store[key]))];
  });
}

function fillHead(keys) {
  $("#columns").replaceChildren(
    ...keys.map((key, index) => {
      const column = cell(text(`settlement.${key}`), "th");
      column.scope = "col";
      if (index > 0) column.className = "number";
      return column;
    }),
  );
}

function fillRows(list, cells) {
  $("#rows").replaceChildren(
    ...list.map((item) => {
      const row = document.createElement("tr");
      row.append(...cells(item));
      row.firstElementChild.scope = "row";
      return row;
    }),
  );
}

function cell(content, name = "td") {
  const element = document.createElement(name);
  element.textContent = content;
  if (name === "td") element.className = "number";
  return element;
}

function number(value) {
  const element = cell(value.toLocaleString("ko-KR"));
  element.classList.toggle("negative", value < 0);
  return element;
}

const koreanTime = (at) =>
  new Date(at).toLocaleTimeString("en-GB", { timeZone: "Asia/Seoul", hour: "2-digit", minute: "2-digit" });

function period({ mode, value }, { isShort = false } = {}) {
  const date = new Date(mode === "day" ? value : `${value}-01`);
  const options = { timeZone: "UTC", month: isShort ? "numeric" : "long" };
  if (!isShort) options.year = "numeric";
  if (mode === "day") Object.assign(options, { day: "numeric", weekday: "short" });
  return date.toLocaleDateString(language === "ko" ? "ko-KR" : "en-GB", options);
}

function reason({ kind }) {
  return ["network", "forbidden"].includes(kind) ? `settlement.${kind}` : "settlement.server";
}

function renderTexts() {
  applyTexts();
  render();
}

function listen() {
  $("#choice").addEventListener("submit", (event) => event.preventDefault());
  for (const mode of ["day", "month"]) {
    $(`#${mode}`).addEventListener("change", ({ target }) => target.value && choose(mode, target.value));
  }
  for (const radio of document.querySelectorAll("[name=mode]")) {
    radio.addEventListener("change", () => {
      choose(radio.value, radio.value === "month" ? chosen.value.slice(0, 7) : firstDay(chosen.value));
    });
  }
  $("#previous").addEventListener("click", () => step(-1));
  $("#next").addEventListener("click", () => step(1));
  $("#today").addEventListener("click", () => {
    choose(chosen.mode, chosen.mode === "day" ? today() : today().slice(0, 7));
  });
  $("#print").addEventListener("click", () => print());
  $("#retry").addEventListener("click", load);
  $("#load-more").addEventListener("click", loadMoreStores);
  $("#language").addEventListener("click", () => {
    switchLanguage();
    renderTexts();
  });
  addEventListener("popstate", () => {
    chosen = read();
    load();
  });
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  session.onmessage = () => location.replace(address("login"));
  document.addEventListener("visibilitychange", follow);
  onLanguageChange(renderTexts);
}

/** The month's first day, or today if it is this month. */
function firstDay(month) {
  return today().startsWith(month) ? today() : `${month}-01`;
}

applyTexts();
listen();
load();
setInterval(follow, readEvery);
