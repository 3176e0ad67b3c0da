// One event stream, kept alive, and the hub that hands it to several tabs.

import { address, probe } from "./page-api.js";

const shortestDelay = 1_000;
const longestDelay = 10_000;
const silenceLimit = 40_000;
const openLimit = 15_000;
const lostAfter = 20_000;
const kept = 500;

/**
 * An EventSource that is rebuilt whenever it ends, fails or falls silent, always from the last event that was
 * handed on. (The browser's own reconnection gives up for ever on a proxy's 502 and cannot see a silent peer.)
 *
 * Emits {kind: "state", state, since, lastContact}, {kind: "event", name, id, data}, {kind: "heartbeat", data},
 * {kind: "reset"} and {kind: "unauthorized"}; times are milliseconds of this device, `since` when contact broke.
 * A feed is {events, probe}: the names of the events that are logged, and a path that tells whether the session holds.
 */
class LoggedStream {
  #feed;
  #emit;
  #source = null;
  #cursor = 0;
  #greeting = 0;
  #attempts = 0;
  #openedAt = 0;
  #retryTimer = 0;
  #watch = 0;
  state = { kind: "state", state: "reconnecting", since: 0, lastContact: 0 };

  constructor(feed, emit) {
    this.#feed = feed;
    this.#emit = emit;
  }

  get running() {
    return this.#watch !== 0;
  }

  start(cursor) {
    this.stop();
    this.#cursor = cursor;
    this.#attempts = 0;
    this.#enter("reconnecting", Date.now());
    this.#watch = setInterval(() => this.#check(), 1_000);
    this.#open();
  }

  stop() {
    clearInterval(this.#watch);
    this.#watch = 0;
    this.#close();
  }

  /** Tries at once, when a person asks for it or the network came back. */
  retry() {
    if (!this.running || this.state.state === "connected") return;
    this.#attempts = 0;
    this.#close();
    this.#open();
  }

  #open() {
    const target = new URL(address("api/sse/connect"));
    target.searchParams.set("last_event_id", this.#cursor);
    const source = new EventSource(target);
    this.#source = source;
    this.#openedAt = Date.now();
    source.addEventListener("onopen", (event) => {
      this.#greeting = Number(event.lastEventId);
      this.#heard();
    });
    source.addEventListener("heartbeat", (event) => {
      this.#heard();
      this.#emit({ kind: "heartbeat", data: event.data });
    });
    source.addEventListener("reset", () => {
      this.#heard();
      this.#cursor = 0;
      this.#emit({ kind: "reset" });
    });
    for (const name of this.#feed.events) source.addEventListener(name, (event) => this.#pass(name, event));
    source.addEventListener("error", () => {
      const refused = source.readyState === EventSource.CLOSED;
      this.#broken(Date.now(), refused);
    });
  }

  #close() {
    clearTimeout(this.#retryTimer);
    this.#source?.close();
    this.#source = null;
  }

  #heard() {
    this.#attempts = 0;
    if (this.state.state !== "connected") this.#enter("connected", 0);
    this.state.lastContact = Date.now();
  }

  #pass(name, event) {
    this.#heard();
    const id = Number(event.lastEventId) || 0;
    // A push without an id of its own shows that of the event before it, be it the greeting's.
    if (name !== "push" && id <= this.#cursor) return;
    if (name !== "push" || id !== this.#greeting) this.#cursor = Math.max(this.#cursor, id);
    this.#emit({ kind: "event", name, id, data: event.data });
  }

  #broken(since, refused) {
    this.#close();
    if (this.state.state === "connected") this.#enter("reconnecting", since);
    const backoff = Math.min(longestDelay, shortestDelay * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 10);
    const delay = Math.max(shortestDelay, backoff * (0.6 + 0.4 * Math.random()));
    this.#retryTimer = setTimeout(() => this.#again(refused), delay);
  }

  // The browser does not tell the status of a refused stream: another request does.
  async #again(refused) {
    const status = refused ? await probe(this.#feed.probe) : 200;
    if (!this.running || this.#source) return;
    if (status === 401) {
      this.stop();
      this.#emit({ kind: "unauthorized" });
    } else {
      this.#open();
    }
  }

  #check() {
    const now = Date.now();
    const { state, since, lastContact } = this.state;
    if (state === "connected") {
      if (now - lastContact > silenceLimit) this.#broken(lastContact, false);
    } else if (this.#source && now - this.#openedAt > openLimit) {
      this.#broken(since, false);
    }
    if (this.state.state === "reconnecting" && now - this.state.since > lostAfter) {
      this.#enter("lost", this.state.since);
    }
  }

  #enter(state, since) {
    this.state = { kind: "state", state, since, lastContact: this.state.lastContact };
    this.#emit(this.state);
  }
}

/**
 * Hands one stream to many members (tabs), each of which starts at a cursor of its own. What was handed out lately
 * is kept for members that come later; for a cursor before that, the stream starts again from there. A member thus
 * may hear an event twice, never miss one, and ignores ids up to its cursor.
 */
export class Hub {
  #members = new Map();
  #events = [];
  #floor = 0;
  #stream;

  constructor(feed) {
    this.#stream = new LoggedStream(feed, (message) => this.#handle(message));
    addEventListener("online", () => this.#stream.retry());
  }

  join(member, deliver, cursor) {
    this.#members.set(member, deliver);
    if (!this.#stream.running || cursor < this.#floor) {
      this.#events = [];
      this.#floor = cursor;
      this.#stream.start(cursor);
      return;
    }
    deliver(this.#stream.state);
    for (const event of this.#events) {
      if (event.id > cursor) deliver(event);
    }
  }

  leave(member) {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#stream.stop();
  }

  retry() {
    this.#stream.retry();
  }

  #handle(message) {
    if (message.kind === "reset") {
      this.#events = [];
      this.#floor = 0;
    } else if (message.kind === "event" && message.name !== "push") {
      this.#events.push(message);
      if (this.#events.length > kept) this.#floor = this.#events.shift().id;
    }
    for (const deliver of this.#members.values()) deliver(message);
  }
}
