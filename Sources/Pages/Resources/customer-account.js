// Signing in, registering, and what the customer has said about themselves.

import { Failure } from "./page-api.js";
import * as basket from "./customer-basket.js";
import { button, field, fill, h } from "./customer-dom.js";
import { toast } from "./customer-notices.js";
import { expired, me, register, signIn, signOut } from "./customer-session.js";
import { language, reason, text } from "./customer-text.js";
import { webhook } from "./customer-webhook.js";

const input = (id, type, options) => h("input", { id, name: id, type, ...options });
const shortestPassword = 8;

export function login(_, host) {
  host.title(text("login.title"));
  const email = field(text("login.email"), input("email", "email", { autocomplete: "username", inputmode: "email", maxlength: 254 }));
  const password = field(
    text("login.password"), input("password", "password", { autocomplete: "current-password", maxlength: 1024 }),
  );
  const check = () => [
    [email, validEmail(email.input) ? "" : text("need.email")],
    [password, password.input.value ? "" : text("need.password")],
  ];
  const send = () => signIn(email.input.value, password.input.value);
  fill(host.root, entry(
    host, text(expired ? "login.ended" : "login.hint"), [email, password], text("login.submit"), check, send,
    h("a", { class: "button plain", href: "#/register" }, text("login.toRegister")),
  ));
}

export function registration(_, host) {
  host.title(text("register.title"));
  host.back("#/");
  const name = field(text("register.name"), input("name", "text", { autocomplete: "name", maxlength: 50 }));
  const email = field(text("login.email"), input("email", "email", { autocomplete: "username", inputmode: "email", maxlength: 254 }));
  const address = field(
    text("register.address"), input("address", "text", { autocomplete: "street-address", maxlength: 200 }),
    text("register.address.hint"),
  );
  const password = field(
    text("login.password"), input("password", "password", { autocomplete: "new-password", maxlength: 128 }),
    text("register.password.hint"),
  );
  const check = () => [
    [name, name.input.value.trim() ? "" : text("need.name")],
    [email, validEmail(email.input) ? "" : text("need.email")],
    [address, address.input.value.trim() ? "" : text("need.address")],
    [password, [...password.input.value].length >= shortestPassword ? "" : text("need.password.long")],
  ];
  const send = () => register({
    name: name.input.value.trim(), email: email.input.value, address: address.input.value.trim(),
    password: password.input.value,
  });
  fill(host.root, entry(
    host, text("register.hint"), [name, email, address, password], text("register.submit"), check, send,
    h("a", { class: "button plain", href: "#/" }, text("register.toLogin")),
  ));
}

function validEmail(element) {
  element.value = element.value.trim();
  return element.value !== "" && element.checkValidity();
}

/** A form that says what is missing below each field, and what the server says above the button. */
function entry(host, hint, fields, label, check, send, other) {
  const failed = h("p", { id: "error", class: "form-error", role: "alert", hidden: true });
  const submit = h("button", { id: "submit", class: "button primary wide", type: "submit" }, label);
  let busy = false;
  async function go(event) {
    event.preventDefault();
    if (busy) return;
    failed.hidden = true;
    const findings = check();
    for (const [{ say }, sentence] of findings) say(sentence);
    const [wrong] = findings.find(([, sentence]) => sentence) ?? [];
    if (wrong) return wrong.input.focus();
    busy = true;
    submit.setAttribute("aria-busy", "true");
    try {
      await send();
    } catch (error) {
      failed.textContent = reason(error instanceof Failure ? error : {});
      failed.hidden = false;
    } finally {
      busy = false;
      submit.removeAttribute("aria-busy");
    }
  }
  return h(
    "section", { class: "entry" }, h("img", { src: "assets/favicon.svg", alt: "", width: 56, height: 56 }),
    h("p", { class: "muted" }, hint),
    h("form", { class: "form", novalidate: true, onsubmit: go }, fields.map(({ element }) => element), failed, submit),
    other, languageButton(host),
  );
}

function languageButton(host) {
  const other = language === "ko" ? "English" : "한국어";
  return button(other, () => host.switchLanguage(), {
    class: "plain", id: "language", lang: language === "ko" ? "en" : "ko",
  });
}

export function account(_, host) {
  host.title(text("me.title"));
  const line = (key, value) => h("div", {}, h("dt", {}, text(key)), h("dd", {}, value));
  async function leave() {
    try {
      await signOut();
      // The next one at this browser has a basket of their own.
      basket.clear();
      basket.forgetAttempt();
      host.replace("#/");
    } catch (failure) {
      toast(reason(failure));
    }
  }
  fill(
    host.root,
    h("section", { class: "panel" }, h("dl", { class: "facts-list" }, [
      line("register.name", me.name), line("login.email", me.email), line("register.address", me.address),
    ])),
    h("section", { class: "panel split" }, h("h2", {}, text("me.language")), languageButton(host)),
    webhook(host),
    button(text("me.logout"), leave, { class: "wide", id: "logout" }),
  );
}
