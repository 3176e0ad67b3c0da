// Busy, paused and the settings: the buttons in the bar, the strip below it, and two sheets.

import { now } from "./page-api.js";
import { showToast } from "./store-notices.js";
import { midnight } from "./store-orders.js";
import { openSheet, showFailure } from "./store-sheets.js";
import { longestPrep, mostBusy } from "./store-shop.js";
import { failureText, text, time } from "./store-text.js";

const $ = (selector) => document.querySelector(selector);
const minute = 60_000;
const busyStep = 10;

export class Running {
  #shop;
  #signedOut;
  #isBusy = false;

  constructor(shop, signedOut) {
    this.#shop = shop;
    this.#signedOut = signedOut;
    for (const button of document.querySelectorAll("[data-do=busy]")) {
      button.addEventListener("click", () => this.#addBusy());
    }
    for (const button of document.querySelectorAll("[data-do=pause]")) {
      button.addEventListener("click", () => this.#pausePressed());
    }
    for (const button of document.querySelectorAll("[data-pause]")) {
      button.addEventListener("click", () => this.#pauseFor(button.dataset.pause));
    }
    $("#busy-more").addEventListener("click", () => this.#addBusy());
    $("#busy-end").addEventListener("click", () => this.#put({ busy_minutes: 0 }));
    $("#pause-end").addEventListener("click", () => this.#put({ paused_until: null }));
    for (const button of document.querySelectorAll("[data-do=settings]")) {
      button.addEventListener("click", () => this.#openSettings());
    }
    $("#settings-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#saveSettings();
    });
  }

  /** Shows what holds now; called whenever settings, language or time have moved on. */
  render() {
    const { busy_minutes: busy } = this.#shop.settings;
    const until = this.#shop.pausedUntil;
    for (const button of document.querySelectorAll("[data-do=busy]")) {
      button.disabled = !this.#shop.isKnown || busy + busyStep > mostBusy;
    }
    for (const button of document.querySelectorAll("[data-do=pause]")) {
      button.disabled = !this.#shop.isKnown;
      const label = button.querySelector("span") ?? button;
      write(label, text(until ? "pause.end" : "pause"));
    }
    $("#busy-strip").hidden = busy <= 0;
    write($("#busy-text"), text("busy.strip", { n: busy, usual: this.#shop.usualMinutes }));
    $("#busy-more").disabled = busy + busyStep > mostBusy;
    $("#pause-strip").hidden = until === null;
    if (until) write($("#pause-text"), text("pause.strip", { time: time(until) }));
  }

  #addBusy() {
    const { busy_minutes: busy } = this.#shop.settings;
    return this.#put({ busy_minutes: Math.min(mostBusy, busy + busyStep) });
  }

  #pausePressed() {
    if (this.#shop.pausedUntil) return this.#put({ paused_until: null });
    showFailure($("#pause-failure"), "");
    openSheet($("#pause"));
  }

  async #pauseFor(what) {
    const until = what === "today" ? midnight() + 24 * 60 * minute : now() + Number(what) * minute;
    const failed = await this.#put({ paused_until: new Date(until).toISOString() }, $("#pause-failure"));
    if (!failed) $("#pause").close();
  }

  #openSettings() {
    const form = $("#settings-form");
    const { settings } = this.#shop;
    form.elements.auto.checked = settings.auto_accept;
    form.elements.minutes.value = settings.default_prep_minutes;
    form.elements.minutes.max = longestPrep;
    form.elements.areas.value = settings.area_codes.join("\n");
    showFailure($("#settings-failure"), "");
    openSheet($("#settings"));
  }

  async #saveSettings() {
    const { auto, minutes, areas } = $("#settings-form").elements;
    const n = Number(minutes.value);
    const isWrong = !Number.isInteger(n) || n < 1 || n > longestPrep;
    minutes.setAttribute("aria-invalid", isWrong);
    if (isWrong) {
      showFailure($("#settings-failure"), text("settings.minutes.wrong", { n: longestPrep }));
      return minutes.focus();
    }
    const codes = areas.value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const change = { auto_accept: auto.checked, default_prep_minutes: n, area_codes: codes };
    if (await this.#put(change, $("#settings-failure"))) return;
    $("#settings").close();
    showToast(text("settings.saved"));
  }

  /** Gives what failed: told in the element of the sheet, or else in passing. */
  async #put(change, element) {
    if (this.#isBusy) return "busy";
    this.#isBusy = true;
    try {
      await this.#shop.put(change);
      if (element) showFailure(element, "");
      return null;
    } catch (failure) {
      if (failure.kind === "unauthorized") this.#signedOut();
      else if (element) showFailure(element, failureText(failure));
      else showToast(text("settings.failed", { reason: failureText(failure) }));
      return failure;
    } finally {
      this.#isBusy = false;
    }
  }
}

function write(element, content) {
  if (element.textContent !== content) element.textContent = content;
}
