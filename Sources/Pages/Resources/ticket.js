// The kitchen's ticket of one order. It prints when somebody presses the button, and by itself only with ?print=1.

import "./ticket-text.js";
import { Failure, address, call, now } from "./page-api.js";
import {
  applyTexts, clock, failureText, hasText, money, onLanguageChange, switchLanguage, text, time,
} from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const id = /\/ticket\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? "";
const session = new BroadcastChannel("store-session");

let entry = null;
let failure = null;
let readAt = 0;
/** The place of the page's size among the rules of ticket.css; -1 before the first print. */
let paperRule = -1;

async function load() {
  failure = null;
  try {
    entry = await call("GET", `api/user-order/id/${id}`);
    readAt = now();
  } catch (error) {
    if (!(error instanceof Failure)) console.error(error);
    failure = error instanceof Failure ? error : new Failure("server");
    if (failure.kind === "unauthorized") return signedOut();
  }
  render();
  if (entry && new URLSearchParams(location.search).get("print") === "1") print();
}

function signedOut() {
  location.replace(address("login"));
}

function render() {
  applyTexts();
  $("#page").dataset.state = entry ? "ready" : failure ? "problem" : "loading";
  $("#loading").hidden = entry !== null || failure !== null;
  $("#problem").hidden = failure === null;
  $("#ticket").hidden = entry === null;
  $("#print").disabled = entry === null;
  if (failure) renderProblem();
  if (entry) renderTicket(entry.user_order_response, entry.store_response, entry.timeline ?? []);
}

function renderProblem() {
  const isMissing = failure.status === 404;
  $("#problem-title").textContent = text(isMissing ? "ticket.missing" : "ticket.problem");
  $("#problem-text").textContent = isMissing ? text("ticket.missing.text") : failureText(failure);
  $("#retry").hidden = isMissing;
}

function renderTicket(order, store, timeline) {
  document.title = text("ticket.title", { id: order.id });
  $("#store").textContent = store.name;
  $("#number").textContent = `#${order.id}`;
  const stamp = `ticket.stamp.${order.status}`;
  put("#stamp", "#stamp", hasText(stamp) ? text(stamp) : "");
  $("#ordered").textContent = time(Date.parse(order.ordered_at));
  const accepted = timeline.findLast(({ action }) => action === "ACCEPT");
  put("#accepted-row", "#accepted", accepted ? time(Date.parse(accepted.at)) : "");
  put("#ready-row", "#ready", order.ready_at ? ready(order) : "");
  $("#items").replaceChildren(...order.items.map(row));
  put("#note-box", "#note", order.note ?? "");
  $("#address").textContent = order.address;
  $("#total").textContent = money(order.amount);
  $("#read-at").textContent = text("ticket.read", { time: clock(readAt, { seconds: true }) });
}

const ready = (order) =>
  text("ticket.ready.n", { time: time(Date.parse(order.ready_at)), n: order.prep_minutes });

function row(item) {
  const [line, quantity, name] = ["li", "b", "span"].map((element) => document.createElement(element));
  quantity.textContent = `${item.quantity} ×`;
  name.textContent = item.name;
  name.dir = "auto";
  line.append(quantity, " ", name);
  return line;
}

/** Writes a text, and hides its part of the ticket when there is none. */
function put(part, place, content) {
  $(part).hidden = content === "";
  $(place).textContent = content;
}

/** A roll of paper has no length: a page is as long as what stands on it. */
function fitPaper() {
  const sheet = [...document.styleSheets].find(({ href }) => href?.endsWith("/ticket.css"));
  const millimetres = Math.ceil(($("#ticket").getBoundingClientRect().height / 96) * 25.4) + 1;
  if (paperRule >= 0) sheet.deleteRule(paperRule);
  paperRule = sheet.insertRule(`@page { size: 80mm ${millimetres}mm; }`, sheet.cssRules.length);
}

addEventListener("beforeprint", fitPaper);
$("#print").addEventListener("click", () => print());
$("#retry").addEventListener("click", load);
$("#language").addEventListener("click", () => {
  switchLanguage();
  render();
});
onLanguageChange(render);
session.onmessage = signedOut;

render();
load();
