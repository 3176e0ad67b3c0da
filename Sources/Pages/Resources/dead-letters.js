// The operator's page: messages that nobody could work on, to be sent again or discarded.

import "./dead-letters-text.js";
import { Failure, address, exchange, now } from "./page-api.js";
import { age, applyTexts, clock, onLanguageChange, switchLanguage, text, time } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const board = $("#board");
const list = $("#letters");
const session = new BroadcastChannel("store-session");
const toastTime = 6_000;
/** A list that is older is read again when the page is looked at. */
const staleTime = 30_000;

let letters = [];
let total = 0;
let readAt = 0;
let problem = null;
let loads = 0;
let toastTimer = 0;
/** What is shown of each letter; copies have the same id, so it takes a number too. */
let cards = new Map();

// Loading

async function load() {
  loads += 1;
  const turn = loads;
  $("#refresh").setAttribute("aria-busy", "true");
  try {
    const reply = await exchange("GET", "api/dead-letter");
    if (turn !== loads) return;
    letters = reply.body.map((letter) => ({ ...letter, busy: false, failure: null }));
    total = reply.total;
    readAt = now();
    problem = null;
    board.dataset.state = "ready";
  } catch (error) {
    if (!(error instanceof Failure)) console.error(error);
    if (turn !== loads) return;
    problem = error instanceof Failure ? error : new Failure("server");
    if (problem.kind === "unauthorized") return signedOut();
    if (board.dataset.state !== "ready") board.dataset.state = "problem";
  } finally {
    if (turn === loads) $("#refresh").setAttribute("aria-busy", "false");
  }
  render();
}

async function showAccount() {
  try {
    $("#account").textContent = (await exchange("GET", "api/store-user/me")).body.user.email;
  } catch {
    // The list tells what is wrong.
  }
}

function signedOut() {
  location.replace(address("login"));
}

// What a person does

async function act(letter, method, path, done) {
  if (letter.busy) return;
  Object.assign(letter, { busy: true, failure: null });
  render();
  try {
    await exchange(method, path);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure("server");
    if (failure.kind === "unauthorized") return signedOut();
    if (failure.status === 404) return remove(letter, "dead.gone");
    // A list that was read meanwhile has other objects.
    const current = letters.find(({ id }) => id === letter.id) ?? letter;
    Object.assign(current, { busy: false, failure: failure.status === 503 ? "dead.unsure" : reason(failure) });
    letter.busy = false;
    return render();
  }
  remove(letter, done);
}

const replay = (letter) => act(letter, "POST", `api/dead-letter/${letter.id}/replay`, "dead.replayed");

function askToDiscard(letter) {
  const dialog = $("#confirm");
  $("#confirm-what").textContent = reasonOf(letter);
  $("#confirm-beginning").textContent = beginningOf(letter);
  dialog.returnValue = "cancel";
  dialog.onclose = () => {
    if (dialog.returnValue === "discard") {
      act(letter, "DELETE", `api/dead-letter/${letter.id}`, "dead.discarded");
    }
  };
  dialog.showModal();
}

/** Takes one off the list; the focus goes on to the next one, so that nobody has to look for it. */
function remove(letter, message) {
  const index = letters.findIndex(({ id }) => id === letter.id);
  if (index >= 0) {
    const hadFocus = list.contains(document.activeElement) || document.activeElement === document.body;
    letters.splice(index, 1);
    total = Math.max(letters.length, total - 1);
    render();
    if (hadFocus) (list.children[Math.min(index, letters.length - 1)] ?? $("#title")).focus();
  }
  showToast(text(message));
  if (letters.length === 0 && total > 0) load();
}

async function signOut() {
  try {
    await exchange("POST", "logout", {});
  } catch (failure) {
    if (failure.kind !== "unauthorized") return showToast(text(reason(failure)));
  }
  session.postMessage("signed-out");
  signedOut();
}

// Showing

function reason({ kind, status }) {
  if (kind === "network") return "failure.network";
  if (kind === "forbidden") return "dead.forbidden";
  return status === 503 ? "dead.broker" : "failure.server";
}

/** Characters that show nothing, or turn the text around them, as their code: 17 \u{202E} 3. */
const visible = (content) =>
  content.replace(/[^\P{C}\n\t]/gu, (found) => `\\u{${found.codePointAt(0).toString(16).toUpperCase()}}`);

const reasonOf = (letter) => visible(letter.error || text("dead.unknown"));
const beginningOf = (letter) => (letter.size > 0 ? visible(letter.beginning) : text("dead.nobody"));

function render() {
  const isReady = board.dataset.state === "ready";
  const seen = new Map();
  const kept = new Map();
  letters.forEach((letter, index) => {
    const copy = seen.get(letter.id) ?? 0;
    seen.set(letter.id, copy + 1);
    const key = `${letter.id} ${copy}`;
    const card = cards.get(key) ?? makeCard();
    kept.set(key, card);
    fill(card, letter);
    // Only what is out of place moves: an element that moves loses the focus.
    if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
  });
  while (list.children.length > letters.length) list.lastElementChild.remove();
  cards = kept;
  board.dataset.empty = isReady && letters.length === 0;
  write($("#total"), isReady ? text(total === 1 ? "dead.total.one" : "dead.total", { n: total }) : "–");
  write($("#read-at"), isReady ? text("dead.read", { time: clock(readAt, { seconds: true }) }) : "\u00a0");
  $("#more").hidden = !isReady || total <= letters.length;
  write($("#more"), text("dead.more", { n: letters.length }));
  document.title = isReady && total > 0 ? `(${total}) ${text("dead.title")}` : text("dead.title");
  $("#problem").hidden = problem === null || isReady;
  $("#stale-notice").hidden = problem === null || !isReady;
  if (problem) {
    write($("#problem-title"), text("dead.problem"));
    write($("#problem-text"), text(reason(problem)));
    write($("#stale-title"), text(reason(problem)));
  }
}

function makeCard() {
  const card = $("#letter").content.firstElementChild.cloneNode(true);
  card.slots = Object.fromEntries([...card.querySelectorAll("[data-slot]")].map((slot) => [slot.dataset.slot, slot]));
  card.slots.replay.addEventListener("click", () => replay(card.letter));
  card.slots.discard.addEventListener("click", () => askToDiscard(card.letter));
  return card;
}

function fill(card, letter) {
  const { slots } = card;
  card.letter = letter;
  card.dataset.letterId = letter.id;
  const what = reasonOf(letter);
  write(slots.error, what);
  fillAge(card);
  const facts = [
    ["dead.order", letter.order_id === undefined ? "" : `#${letter.order_id}`],
    ["dead.attempts", letter.attempts === undefined ? "" : text("dead.attempts.n", { n: letter.attempts })],
    ["dead.seen", letter.first_seen ? time(Date.parse(letter.first_seen)) : ""],
    ["dead.type", visible(letter.type ?? "")],
    ["dead.size", octets(letter.size)],
    ["dead.message", visible(letter.message_id ?? "")],
    ["dead.trace", letter.trace_id ?? ""],
  ].filter(([, value]) => value !== "");
  slots.facts.replaceChildren(...facts.map(([key, value]) => fact(key, value)));
  write(slots.beginning, beginningOf(letter));
  const isCut = new TextEncoder().encode(letter.beginning).length < letter.size;
  slots.cut.hidden = !isCut;
  write(slots.cut, text("dead.cut"));
  slots.failure.hidden = !letter.failure;
  write(slots.failure, letter.failure ? text("dead.failed", { reason: text(letter.failure) }) : "");
  for (const step of ["replay", "discard"]) {
    write(slots[step], text(`dead.${step}`));
    slots[step].setAttribute("aria-label", text(`dead.${step}.of`, { what }));
    slots[step].setAttribute("aria-busy", letter.busy);
  }
}

function fact(key, value) {
  const [group, term, description] = ["div", "dt", "dd"].map((name) => document.createElement(name));
  group.dataset.fact = key;
  term.textContent = text(key);
  description.textContent = value;
  description.dir = "auto";
  group.append(term, description);
  return group;
}

function fillAge(card) {
  const { first_seen: seen } = card.letter;
  const { age: slot } = card.slots;
  slot.hidden = !seen;
  if (!seen) return;
  slot.dateTime = seen;
  write(slot, age(Date.parse(seen), now()));
}

function octets(count) {
  if (count < 1_000) return `${count} B`;
  return count < 999_500 ? `${(count / 1_000).toPrecision(3)} kB` : `${(count / 1_000_000).toPrecision(3)} MB`;
}

function showToast(message) {
  clearTimeout(toastTimer);
  write($("#toast"), message);
  $("#toast").hidden = false;
  toastTimer = setTimeout(() => ($("#toast").hidden = true), toastTime);
}

function write(element, content) {
  if (element.textContent !== content) element.textContent = content;
}

function renderTexts() {
  applyTexts();
  render();
}

function listen() {
  for (const button of ["#refresh", "#problem-retry", "#stale-retry"]) $(button).addEventListener("click", load);
  $("#logout").addEventListener("click", signOut);
  $("#language").addEventListener("click", () => {
    switchLanguage();
    renderTexts();
  });
  addEventListener("click", ({ target }) => {
    const menu = $("#menu");
    if (!menu.contains(target) || target.closest(".menu-items button")) menu.open = false;
  });
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") $("#menu").open = false;
  });
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  document.addEventListener("visibilitychange", () => {
    const isBusy = letters.some(({ busy }) => busy) || $("#confirm").open;
    if (!document.hidden && !isBusy && now() - readAt > staleTime) load();
  });
  session.onmessage = signedOut;
  onLanguageChange(renderTexts);
  setInterval(() => cards.forEach(fillAge), 10_000);
}

applyTexts();
listen();
showAccount();
load();
