/** The worker's script for node:worker_threads (Node, Deno, Bun): `lstmkit/worker`. */
import { availableParallelism } from "node:os";
import { parentPort } from "node:worker_threads";
import { nodeEndpoint } from "./endpoint-node.ts";
import { serveWorker } from "./serve.ts";
import { startNodeThread } from "./start-node.ts";

if (!parentPort) throw new Error("lstmkit/worker is the script of a worker; start it with spawnRuntime().");
serveWorker({
  endpoint: nodeEndpoint(parentPort),
  // The other threads of the team run this very script.
  platform: {
    startThread: (init) => startNodeThread(new URL(import.meta.url), init),
    cores: availableParallelism,
  },
  end: () => process.exit(), // this thread, not the process
});
