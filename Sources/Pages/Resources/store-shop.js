// How the store takes orders at present: its settings, kept up to date by the stream, and what follows from them.

import { call, now } from "./page-api.js";

export const longestPrep = 240;
export const mostBusy = 180;
const usualChoices = [10, 15, 20, 30, 45];

export class Shop {
  settings = { auto_accept: false, default_prep_minutes: 20, busy_minutes: 0, paused_until: null, area_codes: [] };
  /** Whether the settings are those of the server. */
  isKnown = false;
  #changed;
  #turn = 0;

  constructor(changed) {
    this.#changed = changed;
  }

  /** Takes the settings from a reply or an event. */
  take(settings) {
    if (!Number.isInteger(settings?.default_prep_minutes)) return;
    this.#turn += 1;
    this.settings = settings;
    this.isKnown = true;
    this.#changed();
  }

  /** Throws Failure. What the stream brought meanwhile is younger than the reply. */
  async load() {
    const turn = this.#turn;
    const settings = await call("GET", "api/store/settings");
    if (turn === this.#turn) this.take(settings);
  }

  /** Changes some of the settings; throws Failure. */
  async put(change) {
    this.take(await call("PUT", "api/store/settings", change));
  }

  /** Until when nothing can be ordered, in milliseconds, or null. */
  get pausedUntil() {
    const until = Date.parse(this.settings.paused_until ?? "");
    return until > now() ? until : null;
  }

  /** The minutes that an order needs as a rule, with what a busy kitchen needs longer. */
  get usualMinutes() {
    const { default_prep_minutes: usual, busy_minutes: busy } = this.settings;
    return Math.max(1, Math.min(longestPrep, usual + busy));
  }

  /** Five choices of minutes, and the usual one, which is among them. */
  get choices() {
    return { minutes: choicesAround(this.usualMinutes), usual: this.usualMinutes };
  }
}

/** The choices stay where hands expect them, as long as the usual one is near. */
export function choicesAround(usual) {
  if (usual > usualChoices.at(-1) + 5) return [usual - 40, usual - 30, usual - 20, usual - 10, usual];
  const nearest = usualChoices.toSorted((a, b) => Math.abs(a - usual) - Math.abs(b - usual))[0];
  return usualChoices.map((choice) => (choice === nearest ? usual : choice));
}
