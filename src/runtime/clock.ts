/**
 * The host's clock and event loop, as they were when this module was loaded: a test that puts fake timers in
 * their place later on does not stop a run.
 */
const {
  clearTimeout: stopTimer,
  MessageChannel,
  performance,
  setImmediate,
  setTimeout: startTimer,
} = globalThis;

/** Milliseconds, from some moment on. */
export const now = (): number => performance.now();

/**
 * Let the event loop run: timers, input, an abort. setTimeout would wait for a millisecond and more,
 * so the immediate of Node, Deno and Bun is taken where there is one, else a message to ourselves;
 * workerd, of old dates, has neither.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else if (typeof MessageChannel === "undefined") startTimer(resolve);
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

/** What `work` gives, or, when it has not settled after so many milliseconds, what `late` does. */
export async function within<T>(ms: number, work: Promise<T>, late: () => T): Promise<T> {
  let timer: ReturnType<typeof startTimer> | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = startTimer(resolve, ms);
  });
  try {
    return await Promise.race([work, passed.then(late)]);
  } finally {
    stopTimer(timer);
  }
}
