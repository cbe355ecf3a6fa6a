/** A thread of the team, as a worker of node:worker_threads (Node, Deno, Bun). */
import { parentPort, workerData } from "node:worker_threads";
import { serveTeam } from "../model/team.ts";
import { instantiateKernels } from "../runtime/kernels.ts";
import type { ThreadInit } from "../runtime/platform.ts";

const { module, memory, index, size } = workerData as ThreadInit;
const kernels = await instantiateKernels(module, memory);
parentPort?.postMessage("ready");
serveTeam(kernels, memory, index, size);
