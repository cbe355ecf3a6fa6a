import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterEach } from "vitest";
import { type Runtime, type SpawnOptions, spawnRuntime } from "../../src/node.ts";

/** The worker's script; `npm run build` makes it. */
export const WORKER_SCRIPT = new URL("../../dist/runtime-worker-node.js", import.meta.url);

export const startWorker = () => new Worker(WORKER_SCRIPT, { execArgv: [] });

export const kernelFile = (file: string) =>
  new Uint8Array(readFileSync(new URL(`../../dist/${file}`, import.meta.url)));

const kits: Runtime[] = [];

/** A runtime in a worker that is closed after the test. */
export async function spawn(options?: SpawnOptions): Promise<Runtime> {
  const kit = await spawnRuntime(options);
  kits.push(kit);
  return kit;
}

afterEach(() => Promise.all(kits.splice(0).map((kit) => kit.close())));

/** Milliseconds that something takes, and the error that it rejects with. */
export async function rejection(work: Promise<unknown>): Promise<{ error: Error; ms: number }> {
  const start = performance.now();
  try {
    await work;
  } catch (error) {
    return { error: error as Error, ms: performance.now() - start };
  }
  throw new Error("nothing was rejected");
}
