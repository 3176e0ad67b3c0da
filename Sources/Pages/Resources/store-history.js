// The sheet of past orders, with a search.

import { address, exchange } from "./page-api.js";
import { progress } from "./store-card.js";
import { read } from "./store-orders.js";
import { openSheet, showFailure } from "./store-sheets.js";
import { failureText, money, text, time } from "./store-text.js";

const sheet = document.querySelector("#history");
const form = sheet.querySelector("#history-form");
const list = sheet.querySelector("#history-list");
const page = 20;
const most = 200;
const pauseBeforeSearch = 350;

let found = [];
let next = null;
let failure = null;
let isLoading = false;
let turn = 0;
let timer = 0;
let signedOut = () => {};

export function prepareHistory(onSignedOut) {
  signedOut = onSignedOut;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, pauseBeforeSearch);
  });
  sheet.querySelector("#history-more").addEventListener("click", () => search(next));
  sheet.querySelector("#history-retry").addEventListener("click", () => search());
}

export function openHistory() {
  openSheet(sheet);
  form.elements.query.focus();
  search();
}

async function search(before = null) {
  clearTimeout(timer);
  turn += 1;
  const mine = turn;
  isLoading = true;
  failure = null;
  if (before === null) found = [];
  renderHistory();
  try {
    const reply = await exchange("GET", `api/user-order/history?${query(before)}`);
    if (mine !== turn) return;
    const orders = reply.body.map(read).filter((order) => order !== null);
    found = [...found, ...orders];
    next = reply.next_before ?? (reply.body.length === page ? reply.body.at(-1).user_order_response.id : null);
  } catch (error) {
    if (error.kind === "unauthorized") return signedOut();
    if (mine !== turn) return;
    failure = error;
  }
  isLoading = false;
  renderHistory();
}

function query(before) {
  const parameters = new URLSearchParams({ limit: page });
  for (const name of ["query", "status", "from", "to"]) {
    const value = form.elements[name].value.trim();
    if (value) parameters.set(name, value);
  }
  if (before !== null) parameters.set("before", before);
  return parameters;
}

export function renderHistory() {
  if (!sheet.open) return;
  list.replaceChildren(...found.map(row));
  showFailure(sheet.querySelector("#history-failure"), failure ? failureOf(failure) : "");
  sheet.querySelector("#history-retry").hidden = failure === null;
  const state = sheet.querySelector("#history-state");
  const isFull = found.length >= most;
  state.hidden = failure !== null || (found.length > 0 && !isLoading && !isFull);
  state.textContent = text(isLoading ? "loading" : isFull ? "history.full" : "history.empty");
  sheet.querySelector("#history-more").hidden = isLoading || isFull || next === null || failure !== null;
}

const failureOf = (error) => (error.status === 400 ? text("history.wrong") : failureText(error));

function row(order) {
  const item = document.createElement("li");
  const head = document.createElement("div");
  head.className = "history-head";
  const number = document.createElement("a");
  number.href = address(`ticket/${order.id}`);
  number.target = "_blank";
  number.rel = "noopener";
  number.textContent = text("order.number", { id: order.id });
  number.setAttribute("aria-label", text("order.ticket", { id: order.id }));
  const when = document.createElement("span");
  when.className = "muted";
  when.textContent = time(order.orderedAt);
  const total = document.createElement("b");
  total.textContent = money(order.amount);
  head.append(number, when, total);
  const items = document.createElement("p");
  items.textContent = order.items.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ");
  const state = document.createElement("p");
  state.className = "history-state";
  state.dataset.status = order.status;
  state.textContent = progress(order);
  item.append(head, items, state);
  if (order.note) {
    const note = document.createElement("p");
    note.className = "muted";
    note.textContent = order.note;
    item.append(note);
  }
  return item;
}
