// The alarm of new orders, made with Web Audio: no sound file, and a loop that needs no timer in a hidden tab.

const storageKey = "store-muted";
const period = 3;

/**
 * Rings while `ringing` is set. States: "blocked" (the browser wants a gesture first), "on", "muted" (kept, for all
 * tabs). Of several tabs one sounds: the one that holds a lock.
 */
export class Alarm {
  #context = null;
  #tone = null;
  #loop = null;
  #ringing = false;
  #speaker = "locks" in navigator ? null : () => {};
  #waiting = null;
  #changed;
  muted = localStorage.getItem(storageKey) === "1";

  constructor(changed) {
    this.#changed = changed;
    addEventListener("storage", (event) => {
      if (event.key !== storageKey) return;
      this.muted = event.newValue === "1";
      this.#update();
    });
    if (!("AudioContext" in self)) return;
    this.#context = new AudioContext();
    this.#tone = chime(this.#context);
    this.#context.addEventListener("statechange", () => this.#update());
    const unlock = () => this.#context.state === "running" || this.#context.resume().catch(() => {});
    for (const gesture of ["pointerup", "keydown"]) addEventListener(gesture, unlock, { capture: true });
    if (this.state === "on") this.#claim();
  }

  get state() {
    if (this.#context?.state !== "running") return "blocked";
    return this.muted ? "muted" : "on";
  }

  set ringing(ringing) {
    if (ringing === this.#ringing) return;
    this.#ringing = ringing;
    this.#update();
  }

  /** Lets it sound, from a person's gesture, and plays the tone once. */
  enable() {
    this.mute(false);
    this.test();
  }

  mute(muted) {
    this.muted = muted;
    localStorage.setItem(storageKey, muted ? "1" : "0");
    this.#update();
  }

  /** Plays the tone once, muted or not. */
  test() {
    this.#context?.resume().then(() => this.#play(false), () => {});
  }

  /** Sounds once, for what needs nobody: an order that was accepted by itself. */
  chime() {
    if (this.state === "on" && this.#speaker !== null && !this.#loop) this.#play(false);
  }

  #play(loop) {
    const source = new AudioBufferSourceNode(this.#context, { buffer: this.#tone, loop });
    source.connect(this.#context.destination);
    source.start();
    return source;
  }

  #update() {
    if (this.state === "on") this.#claim();
    else this.#stepBack();
    const audible = this.#ringing && this.state === "on" && this.#speaker !== null;
    if (audible) {
      this.#loop ??= this.#play(true);
    } else {
      this.#loop?.stop();
      this.#loop = null;
    }
    this.#changed();
  }

  #claim() {
    if (this.#speaker || this.#waiting) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    const speak = () => new Promise((resolve) => {
      this.#waiting = null;
      this.#speaker = resolve;
      this.#update();
    });
    navigator.locks.request("store-alarm", { signal: waiting.signal }, speak).catch(() => {});
  }

  #stepBack() {
    if (!("locks" in navigator)) return;
    this.#waiting?.abort();
    this.#waiting = null;
    this.#speaker?.();
    this.#speaker = null;
  }
}

/** Two struck notes and silence up to the period, as one buffer. */
function chime(context) {
  const rate = context.sampleRate;
  const buffer = new AudioBuffer({ length: period * rate, sampleRate: rate });
  const samples = buffer.getChannelData(0);
  const notes = [[0, 880], [0.22, 1174.7], [0.44, 880], [0.66, 1174.7]];
  for (const [start, frequency] of notes) {
    const first = Math.floor(start * rate);
    const length = Math.floor(0.5 * rate);
    for (let i = 0; i < length; i += 1) {
      const t = i / rate;
      const envelope = Math.min(1, t / 0.005) * Math.exp(-t * 9) * (1 - i / length);
      const phase = 2 * Math.PI * frequency * t;
      samples[first + i] += 0.4 * envelope * (Math.sin(phase) + 0.35 * Math.sin(2 * phase));
    }
  }
  return buffer;
}
