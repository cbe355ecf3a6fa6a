import { within } from "../runtime/clock.ts";
import type { Thread, ThreadInit } from "../runtime/platform.ts";
import { GRACE, type StartWorker } from "./link.ts";
import { assignRole, readSign } from "./wire.ts";

/** Start a worker that runs the worker's script, as a thread of the team. Once it is ready it does not keep the process alive. */
export async function startThread(start: StartWorker, init: ThreadInit): Promise<Thread> {
  let end: (reason: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  const link = start(end);
  const { endpoint, lock } = link;
  endpoint.addEventListener("message", (event) => {
    const sign = readSign(event as Event);
    if (sign?.lstmkit === "ended") end("it was dismissed");
    else if (sign?.lstmkit === "failed") end(sign.reason);
  });
  try {
    const role = { lstmkit: "thread", ...init, ...(lock !== undefined && { lock }) } as const;
    const failed = ended.then((reason) => Promise.reject(reason));
    if (await Promise.race([assignRole(endpoint, role), failed])) link.watch?.();
  } catch (error) {
    await link.terminate();
    throw error;
  }
  link.hold(false);
  return {
    ended,
    async end() {
      link.hold(true);
      await within(GRACE, ended, () => {});
      await link.terminate();
    },
  };
}
