// A stream of server-sent events over fetch, which, other than EventSource, can send headers and shows the status.

import { options } from "./docs-call.js";

/** Cuts text into events as HTML, section 9.2.6, says; comments and fields that it does not know are left out. */
export class EventParser {
  #rest = "";
  #event = { name: "", id: undefined, data: [] };

  /** Takes a piece of text and gives the events that are complete by it: [{ name, id, data }]. */
  take(piece) {
    this.#rest += piece;
    const events = [];
    // A CR at the end may be the first half of a CR LF.
    const end = this.#rest.endsWith("\r") ? this.#rest.length - 1 : this.#rest.length;
    const lines = this.#rest.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + this.#rest.slice(end);
    for (const line of lines) {
      if (line !== "") {
        this.#field(line);
        continue;
      }
      const { name, id, data } = this.#event;
      if (data.length > 0) events.push({ name, id, data: data.join("\n") });
      this.#event = { name: "", id: undefined, data: [] };
    }
    return events;
  }

  #field(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event.name = value;
    else if (name === "data") this.#event.data.push(value);
    else if (name === "id") this.#event.id = value;
  }
}

/** Opens a stream. started is given the reply's head, received each event; it returns when the stream has ended. */
export async function openStream(request, signal, started, received) {
  const start = performance.now();
  const response = await fetch(request.url, { ...options(request), signal });
  const isStream = (response.headers.get("Content-Type") ?? "").startsWith("text/event-stream");
  const head = {
    status: response.status,
    reason: response.statusText,
    isOK: response.ok,
    headers: [...response.headers],
    type: response.headers.get("Content-Type") ?? "",
    time: Math.round(performance.now() - start),
    isStream,
    body: isStream ? "" : await response.text(),
  };
  head.size = new TextEncoder().encode(head.body).length;
  started(head);
  if (!isStream) return;
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    for (const event of parser.take(value)) received(event);
  }
}
