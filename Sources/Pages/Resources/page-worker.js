// What a shared worker does that holds an event stream for all tabs of this browser.

import { Hub } from "./page-stream.js";

/** Serves every tab that connects. */
export function serve(feed) {
  const hub = new Hub(feed);
  addEventListener("connect", ({ ports: [port] }) => {
    port.onmessage = ({ data }) => {
      if (data.kind === "join") hub.join(port, (message) => port.postMessage(message), data.cursor);
      if (data.kind === "leave") hub.leave(port);
      if (data.kind === "retry") hub.retry();
    };
  });
}
