// Who the calls are made by: a token of api, which is kept for this tab, or a session's cookie of store-admin.

import { baseAddress } from "./docs-call.js";
import { make, text } from "./docs-text.js";

const $ = (selector) => document.querySelector(selector);
const storageKey = () => `docs-token ${new URL(".", location.href).pathname}`;

let base = "";
let usesToken = false;
let who = "";

/** The token that calls send, or an empty text. */
export const token = () => (usesToken ? $("#token").value.trim() : "");

/** Shows the part of the page for what the document's security schemes ask for. changed: called after each change. */
export function setUpLogin(description, changed) {
  const schemes = description.components?.securitySchemes ?? {};
  usesToken = "customerToken" in schemes;
  if (!usesToken && !("storeSession" in schemes)) return;
  base = baseAddress(description);
  $("#login").hidden = false;
  $("#login").open = matchMedia("(min-width: 1000px)").matches;
  $("#token-part").hidden = !usesToken;
  const accounts = usesToken
    ? ["customer@example.com", "customer2@example.com"]
    : ["owner1@example.com", "owner2@example.com", "rider@example.com", "operator@example.com"];
  const select = $("#login-account");
  select.append(...accounts.map((account) => make("option", { value: account }, account)));
  select.append(make("option", { value: "", "data-text": "login.other" }, text("login.other")));
  const choose = () => {
    $("#login-email").value = select.value;
    $("#login-password").value = select.value ? "password" : "";
    if (!select.value) $("#login-email").focus();
  };
  select.addEventListener("change", choose);
  choose();
  if (usesToken) $("#token").value = sessionStorage.getItem(storageKey()) ?? "";
  $("#token").addEventListener("input", () => keep(changed));
  $("#login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    logIn(changed);
  });
  $("#logout").addEventListener("click", () => logOut(changed));
  showLogin();
  if (!usesToken) ask().then(changed);
}

/** Says who is logged in, in the language of the page. */
export function showLogin() {
  const known = who ? text("login.as", { who }) : text("login.nobody");
  $("#login-state").textContent = usesToken && !who && token() ? text("login.token") : known;
}

function keep(changed) {
  who = "";
  sessionStorage.setItem(storageKey(), $("#token").value.trim());
  showLogin();
  changed();
}

async function logIn(changed) {
  const [email, password] = [$("#login-email").value.trim(), $("#login-password").value];
  const error = $("#login-error");
  error.hidden = true;
  try {
    const reply = await post(usesToken ? "/open-api/user/login" : "/login", { email, password });
    if (!reply.ok) throw new Error((await reply.json()).result.result_description);
    if (usesToken) {
      $("#token").value = (await reply.json()).body.access_token;
      keep(changed);
    }
    who = email;
  } catch (failure) {
    const reason = failure instanceof TypeError ? text("network") : failure.message;
    error.textContent = text("login.failed", { reason });
    error.hidden = false;
  }
  showLogin();
  changed();
}

async function logOut(changed) {
  try {
    if (!usesToken) await post("/logout", {});
  } catch {
    // Without contact nobody is logged out there; the next call tells.
  }
  $("#token").value = "";
  if (usesToken) keep(changed);
  who = "";
  showLogin();
}

/** The cookie cannot be read, so the service is asked whose it is. */
async function ask() {
  try {
    const reply = await fetch(`${base}/api/store-user/me`, { cache: "no-store" });
    if (reply.ok) who = (await reply.json()).body.user.email;
  } catch {
    // Then nobody is shown.
  }
  showLogin();
}

const post = (path, body) =>
  fetch(`${base}${path}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), cache: "no-store",
  });
