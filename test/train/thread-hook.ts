/** Teams whose threads do something of their own in the midst of a job. */
import { Worker } from "node:worker_threads";
import { openRuntime, type Runtime } from "../../src/runtime.ts";
import { linkNodeWorker } from "../../src/worker/link-node.ts";
import { startThread } from "../../src/worker/start-thread.ts";
import { kernelFile, WORKER_SCRIPT } from "../worker/spawned.ts";

/**
 * The worker's script, with kernels of its own for threads.
 *
 * @param hook source of a function from a thread's kernels to those that take their place
 */
export const hookedScript = (hook: string): URL => {
  const script = `
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...given) => {
      const { exports } = await instantiate(...given);
      const own = (${hook})(exports);
      // With as many parameters as the kernels have, by which a build is known.
      for (const name in own) Object.defineProperty(own[name], "length", { value: exports[name].length });
      return { exports: { ...exports, ...own } };
    };
    await import(${JSON.stringify(WORKER_SCRIPT.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
};

/** A hook: the thread does something at a call of a kernel, counted from 1. */
export const atCall = (kernel: string, call: number, what: string) =>
  `(kernels) => {
    let calls = 0;
    return { ${kernel}(...given) {
      if (++calls === ${call}) { ${what} }
      return kernels.${kernel}(...given);
    } };
  }`;

/** Ends a thread at once, as terminate() from outside does. */
export const END = "process.exit(3);";
/** A thread that is late, but alive. */
export const sleepFor = (ms: number) =>
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});`;

/**
 * A runtime in this thread, and the workers that its other threads are in.
 *
 * @param scripts of the other threads, in their order; the package's where one is missing
 */
export async function openTeam(
  threads: number,
  scripts: readonly (URL | undefined)[] = [],
): Promise<{ kit: Runtime; workers: Worker[] }> {
  const workers: Worker[] = [];
  const start = () => {
    const worker = new Worker(scripts[workers.length] ?? WORKER_SCRIPT, { execArgv: [] });
    workers.push(worker);
    return worker;
  };
  const kit = await openRuntime(
    {
      kernels: kernelFile,
      startThread: (init) => startThread((onEnd) => linkNodeWorker(start, onEnd), init),
      cores: () => threads,
    },
    { threads },
  );
  return { kit, workers };
}
