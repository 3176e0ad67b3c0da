// The OpenAPI document as a page on which every call can be tried.

import { baseAddress } from "./docs-call.js";
import { setUpLogin, showLogin } from "./docs-login.js";
import { makeOperation } from "./docs-operation.js";
import { operationsOf, setDocument } from "./docs-schema.js";
import { applyTexts, make, prose, switchLanguage, text } from "./docs-text.js";

const $ = (selector) => document.querySelector(selector);
const main = $("#operations");

/** [{ words, item, link, section }] */
let entries = [];
let failure = "";

async function load() {
  try {
    const reply = await fetch("openapi.json", { headers: { Accept: "application/json" } });
    if (!reply.ok) throw new Error(`${reply.status}`);
    show(await reply.json());
  } catch (error) {
    failure = error instanceof TypeError ? "network" : error.message;
    showProblem();
    console.error(error);
  }
}

function showProblem() {
  $("#problem").hidden = failure === "";
  $("#problem").textContent = text("problem", { reason: failure === "network" ? text("network") : failure });
}

function show(description) {
  setDocument(description);
  document.title = description.info.title;
  $("#title").textContent = description.info.title;
  const about = (description.info.description ?? "").split("\n\n").map((part) => prose(part));
  $("#about").replaceWith(make("div", { class: "about" }, ...about));
  const base = baseAddress(description);
  const operations = operationsOf(description);
  for (const tag of description.tags) {
    const links = make("ul");
    const section = make(
      "section", {}, make("h2", { lang: "en" }, tag.name), prose(tag.description ?? "", "p", { class: "muted" }));
    const group = make("div", {}, make("h2", { lang: "en" }, tag.name), links);
    for (const entry of operations.filter((one) => one.tag === tag.name)) {
      const { method, path, operation } = entry;
      const item = makeOperation(base, entry);
      const link = make(
        "li", {}, make(
          "a", { href: `#${operation.operationId}`, lang: "en" },
          make("span", { class: `method ${method.toLowerCase()}` }, method), ` ${operation.summary}`));
      section.append(item);
      links.append(link);
      const words = [method, path, operation.operationId, operation.summary, operation.description ?? "", tag.name];
      entries.push({ words: words.join(" ").toLowerCase(), item, link, section, group });
    }
    main.append(section);
    $("#contents").append(group);
  }
  setUpLogin(description, () => dispatchEvent(new Event("docs-login")));
  find();
  openTarget();
  main.dataset.state = "ready";
}

/** Opens the operation that the address names. */
function openTarget() {
  const item = entries.find((entry) => entry.item.id === location.hash.slice(1))?.item;
  if (!item) return;
  item.open = true;
  item.scrollIntoView();
  item.querySelector("summary").focus({ preventScroll: true });
}

function find() {
  const wanted = $("#search").value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  let count = 0;
  for (const { words, item, link } of entries) {
    const fits = wanted.every((word) => words.includes(word));
    item.hidden = !fits;
    link.hidden = !fits;
    if (fits) count += 1;
  }
  for (const { section, group } of entries) {
    const isEmpty = !section.querySelector(".operation:not([hidden])");
    section.hidden = isEmpty;
    group.hidden = isEmpty;
  }
  $("#found").textContent = count === 0 ? text("search.none") : text("search.found", { n: count });
}

$("#search").addEventListener("input", find);
addEventListener("hashchange", openTarget);
addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, textarea, select");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  $("#search").focus();
});
$("#language").addEventListener("click", () => {
  switchLanguage();
  applyTexts();
  showLogin();
  showProblem();
  if (entries.length > 0) find();
});
applyTexts();
load();
