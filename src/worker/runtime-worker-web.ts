/** The worker's script for Web Workers: `lstmkit/worker`. */
import type { Endpoint } from "./link.ts";
import { linkWebWorker } from "./link-web.ts";
import { serveWorker } from "./serve.ts";
import { startThread } from "./start-thread.ts";

serveWorker({
  endpoint: globalThis as unknown as Endpoint,
  // The other threads of the team run this very script, under whatever name a bundler gave it.
  platform: {
    startThread:
      typeof Worker === "undefined"
        ? "this host has no workers"
        : (init) => startThread((onEnd) => linkWebWorker(sameScript, onEnd), init),
    cores: () => globalThis.navigator?.hardwareConcurrency ?? 1,
  },
  end: () => close(),
});

const sameScript = () => new Worker(location.href, { type: scriptType() });

/** importScripts() of nothing is allowed in a classic script and refused in a module. */
function scriptType(): WorkerType {
  try {
    (globalThis as unknown as { importScripts(): void }).importScripts();
    return "classic";
  } catch {
    return "module";
  }
}
