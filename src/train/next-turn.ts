/**
 * Let the event loop run: timers, input, an abort. setTimeout would wait for a millisecond and more,
 * so the immediate of Node, Deno and Bun is taken where there is one, else a message to ourselves;
 * workerd, of old dates, has neither.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else if (typeof MessageChannel === "undefined") setTimeout(resolve);
    else {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    }
  });
}
