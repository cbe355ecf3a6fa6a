import type { Thread, ThreadInit } from "../runtime/platform.ts";

/** Start `script` as a thread of the team. */
export function startWebThread(script: URL, init: ThreadInit): Promise<Thread> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { type: "module" });
    let end = () => {};
    const closed = new Promise<void>((done) => {
      end = done;
    });
    worker.onerror = (event) => reject(new Error(event.message || `${script.href} did not start`));
    worker.onmessage = ({ data }) => {
      if (data === "ready") resolve({ ended: () => closed, terminate: () => worker.terminate() });
      else end();
    };
    worker.postMessage(init);
  });
}
