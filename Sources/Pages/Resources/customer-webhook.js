// Where the customer's own program is told of changes.

import { button, field, fill, h } from "./customer-dom.js";
import { ask } from "./customer-session.js";
import { reason, text } from "./customer-text.js";

const path = "api/user/webhook";

/** The form; it stays hidden where the service has no such thing. */
export function webhook(host) {
  const url = h("input", { id: "hook-url", type: "url", inputmode: "url", maxlength: 500, autocomplete: "off", placeholder: "https://" });
  const where = field(text("hook.url"), url);
  const said = h("p", { id: "hook-said", role: "status", hidden: true });
  const secret = h("p", { class: "secret", hidden: true });
  const buttons = h("div", { class: "row" });
  const section = h(
    "section", { class: "panel form", hidden: true }, h("h2", {}, text("hook.title")),
    h("p", { class: "muted small" }, text("hook.hint")), where.element, said, secret, buttons,
  );

  function show(hook) {
    url.value = hook?.url ?? "";
    fill(
      buttons, button(text("hook.save"), save, { class: "primary", id: "hook-save", "data-key": "hook-save" }),
      hook?.url && button(text("hook.remove"), remove, { id: "hook-remove", "data-key": "hook-remove" }),
    );
    fill(secret, hook?.secret && [h("span", {}, text("hook.secret")), h("code", {}, hook.secret)]);
    secret.hidden = !hook?.secret;
  }

  function say(sentence) {
    said.textContent = sentence;
    said.hidden = sentence === "";
  }

  async function save() {
    say("");
    const isAddress = /^https?:\/\/\S+$/i.test(url.value.trim());
    where.say(isAddress ? "" : text("need.url"));
    if (!isAddress) return url.focus();
    try {
      show(await ask("PUT", path, { url: url.value.trim() }));
      say(text("hook.saved"));
    } catch (failure) {
      if (failure.kind === "refused") where.say(reason(failure));
      else if (failure.kind !== "unauthorized") say(reason(failure));
    }
  }

  async function remove() {
    say("");
    try {
      await ask("DELETE", path);
      show(null);
      say(text("hook.removed"));
    } catch (failure) {
      if (failure.kind !== "unauthorized") say(reason(failure));
    }
  }

  ask("GET", path).then((hook) => {
    if (!host.isShown()) return;
    show(hook);
    section.hidden = false;
  }).catch(() => {});
  return section;
}
