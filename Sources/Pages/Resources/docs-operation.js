// One operation, from its heading to the reply.

import { curlOf, pretty, requestOf, send } from "./docs-call.js";
import { fieldList, makeForm } from "./docs-form.js";
import { token } from "./docs-login.js";
import { fieldsOf, isStream, resolve } from "./docs-schema.js";
import { openStream } from "./docs-stream.js";
import { label, make, prose, say, text } from "./docs-text.js";

/** How many events of a stream are shown. */
const mostEvents = 200;

/** The element of an operation, whose inside is made when it is opened first. */
export function makeOperation(base, entry) {
  const { method, path, operation } = entry;
  const details = make(
    "details", { class: "operation", id: operation.operationId },
    make(
      "summary", {}, make("span", { class: `method ${method.toLowerCase()}` }, method), " ",
      make("code", { class: "path" }, path), " ", make("span", { class: "summary", lang: "en" }, operation.summary)));
  details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.made) return;
    details.dataset.made = "true";
    details.append(inside(base, entry));
  });
  return details;
}

function inside(base, entry) {
  const { operation } = entry;
  const schemes = (operation.security ?? []).flatMap(Object.keys);
  const streams = isStream(operation);
  const form = makeForm(operation);
  const button = label("button", streams ? "connect" : "send", { type: "submit", class: "button primary" });
  const stop = label("button", "stop", { type: "button", class: "button", hidden: true });
  const reply = make("div", { class: "reply", hidden: true });
  const curl = make("pre", { tabindex: "0", class: "curl" });
  const element = make(
    "form", { class: "inside", novalidate: true },
    operation.description ? prose(operation.description) : "",
    audience(operation, schemes), form.element, make("div", { class: "row" }, button, stop), reply, curlPart(curl),
    documentation(operation));

  const request = () =>
    requestOf(base, entry, form.values(), form.body(), schemes.includes("customerToken") ? token() : "");
  const facts = {
    isStream: streams, usesCookie: schemes.includes("storeSession"),
    setsCookie: entry.path === "/login" || entry.path === "/logout",
  };
  const showCurl = () => {
    try {
      curl.textContent = curlOf(request(), facts);
    } catch {
      // A form's fields cannot be made of what is no JSON; the body says so when it is sent.
    }
  };
  element.addEventListener("input", showCurl);
  element.addEventListener("change", showCurl);
  addEventListener("docs-login", showCurl);
  showCurl();

  let controller = null;
  stop.addEventListener("click", () => controller?.abort());
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true" || !isFilled(element) || !isJSON(form.body())) return;
    button.setAttribute("aria-busy", "true");
    reply.hidden = false;
    reply.replaceChildren(label("p", "sending", { role: "status" }));
    controller = new AbortController();
    try {
      if (streams) {
        [button.hidden, stop.hidden] = [true, false];
        stop.focus();
        await stream(request(), controller.signal, reply);
      } else {
        reply.replaceChildren(...replyParts(await send(request())));
      }
    } catch (failure) {
      const reason = failure instanceof TypeError ? text("network") : failure.message;
      reply.replaceChildren(make("p", { class: "error", role: "alert" }, text("reply.failed", { reason })));
    }
    button.removeAttribute("aria-busy");
    button.hidden = false;
    if (document.activeElement === stop) button.focus();
    stop.hidden = true;
  });
  return element;
}

// Before sending

function isFilled(form) {
  const missing = form.querySelector("input:invalid, textarea:invalid");
  missing?.setAttribute("aria-invalid", "true");
  missing?.focus();
  return !missing;
}

/** A form's body is written as JSON, too. JSON that is wrong on purpose is nothing that a form can stand for. */
function isJSON(body) {
  if (!body || body.content === "") return true;
  try {
    JSON.parse(body.content);
    return true;
  } catch (failure) {
    body.error.textContent = text("body.wrong", { reason: failure.message });
    body.error.hidden = false;
    body.area.setAttribute("aria-invalid", "true");
    body.area.focus();
    return false;
  }
}

// The reply

function replyParts(reply) {
  const values = { status: `${reply.status} ${reply.reason}`.trim(), time: reply.time, size: reply.size };
  const headers = make("ul", { class: "fields" });
  for (const [name, value] of reply.headers) headers.append(make("li", {}, make("code", {}, name), ` ${value}`));
  const body = reply.isStream ? null : make(
    "pre", { tabindex: "0", "data-label": "reply.body", "aria-label": text("reply.body"), role: "group" },
    reply.body === "" ? text("reply.empty") : pretty(reply.body, reply.type));
  return [
    label("h3", "reply"),
    label(
      "p", reply.isStream ? "stream.facts" : "reply.facts",
      { role: "status", class: `facts ${reply.isOK ? "good" : "bad"}` }, values),
    make("details", { class: "fold" }, label("summary", "reply.headers"), headers), body,
  ].filter((part) => part !== null);
}

async function stream(request, signal, reply) {
  let count = 0;
  const state = make("p", { role: "status", class: "muted" });
  const cut = label("p", "stream.cut", { class: "muted", hidden: true }, { n: mostEvents });
  const events = make("ol", { class: "events", tabindex: "0", "data-label": "events", "aria-label": text("events") });
  const show = (key) => {
    cut.hidden = count <= mostEvents;
    say(state, key, { n: count });
  };
  let isStream = false;
  try {
    await openStream(request, signal, (head) => {
      ({ isStream } = head);
      reply.replaceChildren(...replyParts(head), ...(isStream ? [state, cut, events] : []));
      show("stream.open");
    }, (event) => {
      count += 1;
      events.prepend(make(
        "li", {}, make("p", {}, event.name ? make("b", {}, event.name) : label("b", "unnamed"), " ",
          make("span", { class: "muted" }, event.id === undefined ? "" : `id ${event.id}`)),
        make("pre", {}, pretty(event.data, "json"))));
      if (events.children.length > mostEvents) events.lastElementChild.remove();
      show("stream.open");
    });
  } catch (failure) {
    if (failure.name !== "AbortError") throw failure;
  }
  if (isStream) show("stream.ended");
  else if (signal.aborted) reply.replaceChildren(label("p", "stream.ended"));
}

// What the document says

function audience(operation, schemes) {
  const roles = operation["x-roles"];
  const isOpen = schemes.length === 0 || (operation.security ?? []).some((one) => Object.keys(one).length === 0);
  const words = label("span", isOpen ? "who.everybody" : "who.login");
  if (roles) say(words, "who.roles", { roles: roles.join(", ") });
  return make("p", { class: "muted" }, label("span", "who"), ": ", words);
}

function curlPart(curl) {
  const button = label("button", "copy", { type: "button", class: "button" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(curl.textContent);
      say(button, "copied");
    } catch {
      // Without https there is no clipboard: what is selected can be copied by hand.
      getSelection().selectAllChildren(curl);
    }
    setTimeout(() => say(button, "copy"), 2_000);
  });
  return make("div", { class: "curl-part" }, make("div", { class: "row" }, label("h3", "curl"), button), curl);
}

function documentation(operation) {
  const part = make("div", { class: "replies" }, label("h3", "replies"));
  const errors = make("ul", { class: "fields", lang: "en" });
  for (const [status, reference] of Object.entries(operation.responses)) {
    const reply = resolve(reference);
    const schema = Object.values(reply.content ?? {})[0]?.schema;
    if (Number(status) >= 400) {
      const codes = schema?.allOf?.[1]?.properties?.result?.properties?.result_code?.enum ?? [];
      const other = codes.some((code) => String(code) !== status) ? ` result_code ${codes.join(", ")}.` : "";
      errors.append(make("li", {}, make("b", {}, status), " ", prose(reply.description, "span"), other));
      continue;
    }
    part.append(make("p", { lang: "en" }, make("b", {}, status), " ", prose(reply.description, "span")));
    if (schema) part.append(fieldList("reply.body", fieldsOf(schema)));
    for (const event of reply["x-events"] ?? []) {
      part.append(make(
        "p", { lang: "en" }, event.event ? make("code", {}, event.event) : label("code", "unnamed"), " ", prose(event.description, "span")));
    }
  }
  part.append(make("details", { class: "fold" }, label("summary", "errors"), errors));
  return part;
}
