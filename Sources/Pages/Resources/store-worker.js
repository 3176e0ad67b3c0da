// The shared worker: holds the store's one event stream for all tabs of this browser.

import { Hub } from "./store-stream.js";

const hub = new Hub();

addEventListener("connect", ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data.kind === "join") hub.join(port, (message) => port.postMessage(message), data.cursor);
    if (data.kind === "leave") hub.leave(port);
    if (data.kind === "retry") hub.retry();
  };
});
