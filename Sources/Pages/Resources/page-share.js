// How a tab gets its events. A browser opens about six HTTP/1.1 connections to a host for all its tabs, so that a
// stream for every tab would starve the pages: the tabs share one, in a shared worker, or else in the tab that holds
// a lock; only where neither exists has each tab its own.

import { Hub } from "./page-stream.js";

const answerLimit = 4_000;

/**
 * Joins the stream. `feed` says what is in it, `worker` is the file of the shared worker that holds it, `name` tells
 * whose it is (tabs of one browser share a session), `cursor()` gives the id of the last event that this tab has applied,
 * `deliver` takes the hub's messages. Gives {retry, leave}.
 */
export function joinStream(options) {
  let host = null;
  const fall = () => {
    host?.leave();
    host = "locks" in navigator && "BroadcastChannel" in self ? inLeader(options) : inTab(options);
  };
  try {
    host = inWorker(options, fall);
  } catch {
    fall();
  }
  return { retry: () => host.retry(), leave: () => host.leave() };
}

function inWorker({ worker: file, name, cursor, deliver }, fall) {
  const worker = new SharedWorker(new URL(file, import.meta.url), { type: "module", name });
  const { port } = worker;
  let open = true;
  const giveUp = () => {
    if (open) fall();
  };
  const limit = setTimeout(giveUp, answerLimit);
  worker.addEventListener("error", giveUp);
  port.onmessage = ({ data }) => {
    clearTimeout(limit);
    if (open) deliver(data);
  };
  port.postMessage({ kind: "join", cursor: cursor() });
  return {
    retry: () => port.postMessage({ kind: "retry" }),
    leave() {
      open = false;
      clearTimeout(limit);
      port.postMessage({ kind: "leave" });
      port.close();
    },
  };
}

function inLeader({ feed, name, cursor, deliver }) {
  const me = crypto.randomUUID();
  const channel = new BroadcastChannel(name);
  const abort = new AbortController();
  let hub = null;
  let release = () => {};
  const send = (kind) => channel.postMessage({ from: me, kind, cursor: cursor() });

  channel.onmessage = ({ data }) => {
    if (data.to === me) deliver(data.message);
    if (data.kind === "leader") send("join");
    if (!hub) return;
    const { from } = data;
    if (data.kind === "join") hub.join(from, (message) => channel.postMessage({ to: from, message }), data.cursor);
    if (data.kind === "leave") hub.leave(from);
    if (data.kind === "retry") hub.retry();
  };
  const lead = () => {
    hub = new Hub(feed);
    hub.join(me, deliver, cursor());
    channel.postMessage({ kind: "leader" });
    return new Promise((resolve) => (release = resolve));
  };
  send("join");
  navigator.locks.request(name, { signal: abort.signal }, lead).catch(() => {});
  return {
    retry: () => (hub ? hub.retry() : send("retry")),
    leave() {
      if (hub) hub.leave(me);
      else send("leave");
      channel.close();
      abort.abort();
      release();
    },
  };
}

function inTab({ feed, cursor, deliver }) {
  const hub = new Hub(feed);
  hub.join(deliver, deliver, cursor());
  return { retry: () => hub.retry(), leave: () => hub.leave(deliver) };
}
