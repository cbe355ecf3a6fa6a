import type { Thread, ThreadInit } from "../runtime/platform.ts";
import { assignRole, readSign } from "./wire.ts";

/** Make a worker that runs the worker's script a thread of the team. */
export async function startWebThread(worker: Worker, init: ThreadInit): Promise<Thread> {
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || "the worker's script did not start"));
  });
  const ended = new Promise<void>((end) => {
    worker.addEventListener("message", (event) => {
      if (readSign(event)?.lstmkit === "ended") end();
    });
  });
  try {
    await Promise.race([assignRole(worker, { lstmkit: "thread", ...init }), failed]);
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return { ended: () => ended, terminate: () => worker.terminate() };
}
