import type { WorkerLink } from "./link.ts";

/** A Web Worker; or where its script, a module, is, or how to make it. */
export type WebWorkerSource = Worker | URL | string | (() => Worker);

/** @throws what the browser does for a script of another origin */
export function linkWebWorker(source: WebWorkerSource, onEnd: (reason: unknown) => void): WorkerLink {
  const worker = open(source);
  worker.addEventListener("error", (event) => {
    event.preventDefault(); // it is reported by the calls that reject
    onEnd(event.error ?? (event.message || "its script could not be loaded"));
  });
  worker.addEventListener("messageerror", () => onEnd("a message could not be read"));
  const link = { endpoint: worker, hold: () => {}, terminate: async () => worker.terminate() };
  if (!globalThis.isSecureContext || !globalThis.navigator?.locks) return link;
  // A Web Worker that is terminated says nothing; a lock that it held comes free.
  const lock = `lstmkit ${crypto.randomUUID()}`;
  const watch = () => {
    navigator.locks.request(lock, () => onEnd("it was terminated")).catch(() => {});
  };
  return { ...link, lock, watch };
}

function open(source: WebWorkerSource): Worker {
  if (typeof source === "function") return source();
  if (typeof source !== "string" && !(source instanceof URL)) return source;
  return new Worker(source, { type: "module" });
}
