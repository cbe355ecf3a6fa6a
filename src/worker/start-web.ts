import type { Thread, ThreadInit } from "../runtime/platform.ts";
import { assignRole, readSign } from "./wire.ts";

/** Milliseconds after which a worker that has not started is given up. */
const PATIENCE = 30_000;

/** Make a worker that runs the worker's script a thread of the team. */
export async function startWebThread(worker: Worker, init: ThreadInit): Promise<Thread> {
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || "the worker's script did not start"));
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not start within ${PATIENCE / 1000} s`)), PATIENCE);
  });
  const ended = new Promise<void>((end) => {
    worker.addEventListener("message", (event) => {
      if (readSign(event)?.lstmkit === "ended") end();
    });
  });
  try {
    await Promise.race([assignRole(worker, { lstmkit: "thread", ...init }), failed, late]);
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return { ended: () => ended, terminate: () => worker.terminate() };
}
