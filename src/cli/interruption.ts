import { surroundings } from "./surroundings.ts";

/** The exit code of a command that was interrupted: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;

/** Ctrl-C, or a request to terminate, as an AbortSignal. The second one exits at once. */
export function catchInterruption(onFirst: () => void): AbortSignal {
  const { signal } = surroundings();
  if (signal) {
    if (signal.aborted) onFirst();
    else signal.addEventListener("abort", onFirst, { once: true });
    return signal;
  }
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED);
      controller.abort();
      onFirst();
    });
  }
  return controller.signal;
}
