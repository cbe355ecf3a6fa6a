import type { MessagePort, Worker } from "node:worker_threads";
import type { Endpoint } from "./link.ts";

/** A worker, or the port to its parent, with the events of the web. */
export function nodeEndpoint(port: Worker | MessagePort): Endpoint {
  const listeners = new WeakMap<object, (data: unknown) => void>();
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer as never),
    addEventListener(type, listener) {
      const receive = (data: unknown) => {
        const event = { data } as MessageEvent;
        if ("handleEvent" in listener) listener.handleEvent(event);
        else listener(event);
      };
      listeners.set(listener, receive);
      port.on(type, receive);
    },
    removeEventListener(type, listener) {
      const receive = listeners.get(listener);
      if (receive) port.off(type, receive);
    },
  };
}
