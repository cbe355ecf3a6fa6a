/** The worker's script for node:worker_threads (Node, Deno, Bun): `lstmkit/worker`. */
import { availableParallelism } from "node:os";
import { parentPort } from "node:worker_threads";
import { nodeVectorPass } from "../wasm/vectors-node.ts";
import { nodeEndpoint } from "./endpoint-node.ts";
import { linkNodeWorker } from "./link-node.ts";
import { serveWorker } from "./serve.ts";
import { startThread } from "./start-thread.ts";

if (!parentPort) throw new Error("lstmkit/worker is the script of a worker; start it with spawnRuntime().");
// Where a bundler has made CommonJS of it, import.meta.url is nothing; what a worker was started with is there.
const script = import.meta.url === undefined ? (process.argv[1] ?? "") : new URL(import.meta.url);
serveWorker({
  endpoint: nodeEndpoint(parentPort),
  // The other threads of the team run this very script.
  platform: {
    startThread: (init) => startThread((onEnd) => linkNodeWorker(script, onEnd), init),
    cores: availableParallelism,
    vectorPass: nodeVectorPass,
  },
  end: () => process.exit(), // this thread, not the process
});
