// Sign-in without leaving the page; without this file the form posts by itself.

import { address, call } from "./page-api.js";
import { applyTexts, switchLanguage, text } from "./store-text.js";

const form = document.querySelector("#login-form");
const error = document.querySelector("#error");
const button = document.querySelector("#login");
const { email, password } = form.elements;

function show(message, field) {
  error.textContent = message;
  error.hidden = false;
  email.setAttribute("aria-invalid", field !== password);
  password.setAttribute("aria-invalid", field !== email);
  (field ?? password).focus();
}

function clear() {
  error.hidden = true;
  email.removeAttribute("aria-invalid");
  password.removeAttribute("aria-invalid");
}

function busy(isBusy) {
  button.setAttribute("aria-busy", isBusy);
  button.textContent = text(isBusy ? "login.busy" : "login.submit");
}

form.noValidate = true;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.getAttribute("aria-busy") === "true") return;
  clear();
  email.value = email.value.trim();
  if (!email.checkValidity()) return show(text("login.missing.email"), email);
  if (password.value === "") return show(text("login.missing.password"), password);
  busy(true);
  try {
    await call("POST", "login", { email: email.value, password: password.value });
    location.replace(address("main"));
  } catch (failure) {
    busy(false);
    password.select();
    show(reason(failure));
  }
});

function reason({ kind, retryAfter }) {
  switch (kind) {
    case "unauthorized":
    case "refused": return text("login.refused");
    case "limited": return text("login.limited", { n: retryAfter || 30 });
    case "network": return text("failure.network");
    case "forbidden": return text("failure.forbidden");
    default: return text("failure.server");
  }
}

document.querySelector("#language").addEventListener("click", () => {
  switchLanguage();
  applyTexts();
});
applyTexts();
