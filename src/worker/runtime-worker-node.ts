/** The worker's script for node:worker_threads (Node, Deno, Bun): `lstmkit/worker`. */
import { availableParallelism } from "node:os";
import { parentPort } from "node:worker_threads";
import { nodeEndpoint } from "./endpoint-node.ts";
import { linkNodeWorker } from "./link-node.ts";
import { serveWorker } from "./serve.ts";
import { startThread } from "./start-thread.ts";

if (!parentPort) throw new Error("lstmkit/worker is the script of a worker; start it with spawnRuntime().");
serveWorker({
  endpoint: nodeEndpoint(parentPort),
  // The other threads of the team run this very script.
  platform: {
    startThread: (init) => startThread((onEnd) => linkNodeWorker(new URL(import.meta.url), onEnd), init),
    cores: availableParallelism,
  },
  end: () => process.exit(), // this thread, not the process
});
