/** The worker's side: a runtime of its own, called by the host over Comlink. */
import { LstmkitError } from "../errors.ts";
import { openRuntime, type Runtime } from "../kit.ts";
import { now } from "../runtime/clock.ts";
import type { KernelBuild, Platform } from "../runtime/platform.ts";
import type { FitOptions, Model } from "../train/model.ts";
import { modelDisposed } from "../train/sequential.ts";
import { sendResult } from "./parcel.ts";
import type { Call, Callbacks, HostCalls, ModelHandle, SessionCalls } from "./wire.ts";

/** Milliseconds between two calls of onBatchEnd: 20 a second. */
export const BATCH_END_INTERVAL = 50;

/** What a worker finds out by itself; the kernels are the host's to find. */
export type WorkerPlatform = Omit<Platform, "kernels">;

export function makeSession(platform: WorkerPlatform, host: HostCalls): SessionCalls {
  let runtime: Runtime | null = null;
  const models = new Map<number, Model>();
  const calls = new Map<number, AbortController>();
  let made = 0;

  const opened = (): Runtime => {
    if (runtime) return runtime;
    throw new LstmkitError("DISPOSED", "this worker has no open runtime; use spawnRuntime() to start one.");
  };
  const model = (id: number): Model => {
    const found = models.get(id);
    if (found) return found;
    throw modelDisposed();
  };
  const add = (added: Model): ModelHandle => {
    const id = ++made;
    models.set(id, added);
    return { id, layers: added.layers, metadata: added.metadata };
  };
  /** A call that the host can abort and that may call back. */
  const run = async <T>(
    { id, aborted, hears }: Call,
    work: (options: Callbacks & { signal: AbortSignal }) => Promise<T>,
  ): Promise<T> => {
    const controller = new AbortController();
    if (aborted) controller.abort();
    calls.set(id, controller);
    const report: Callbacks = {
      onBatchEnd: paced((batch, logs) => host.onBatchEnd(id, batch, logs)),
      onEpochEnd: (epoch, logs) => host.onEpochEnd(id, epoch, logs),
    };
    const heard = Object.fromEntries(hears.map((name) => [name, report[name]])) as unknown as Callbacks;
    try {
      return await work({ ...heard, signal: controller.signal });
    } finally {
      calls.delete(id);
    }
  };

  return {
    async open(options) {
      const kernels = (file: KernelBuild) => host.kernels(file);
      runtime = await openRuntime({ ...platform, kernels }, options);
    },
    info: async () => ({ ...(await opened().info()), where: "worker" }),
    close: async () => opened().close(),
    sequential: async (layers, options) => add(await opened().sequential(layers, options)),
    load: async (bytes) => add(await opened().load(bytes)),

    compile: async (id, options) => model(id).compile(options),
    fit: async (id, call, x, y, options) =>
      run(call, (hooks) => model(id).fit(x, y, { ...options, ...hooks })),
    evaluate: async (id, call, x, y, options) =>
      run(call, ({ signal }) => model(id).evaluate(x, y, { ...options, signal })),
    predict: async (id, call, x, options) =>
      sendResult(await run(call, ({ signal }) => model(id).predict(x, { ...options, signal }))),
    trace: async (id, call, x, options) =>
      sendResult(await run(call, ({ signal }) => model(id).trace(x, { ...options, signal }))),
    gradientFlow: async (id, call, x, y, options) =>
      sendResult(await run(call, ({ signal }) => model(id).gradientFlow(x, y, { ...options, signal }))),
    async abort(call) {
      calls.get(call)?.abort();
    },
    summary: async (id) => model(id).summary(),
    countParams: async (id) => model(id).countParams(),
    getWeights: async (id) => sendResult(await model(id).getWeights()),
    setWeights: async (id, weights) => model(id).setWeights(weights),
    digest: async (id) => model(id).digest(),
    save: async (id, options) => sendResult(await model(id).save(options)),
    async dispose(id) {
      await models.get(id)?.dispose();
      models.delete(id);
    },
  };
}

/** At most one call in every interval, and always the last of an epoch. */
function paced(report: Callbacks["onBatchEnd"]): NonNullable<FitOptions["onBatchEnd"]> {
  let last = -Infinity;
  return (batch, logs) => {
    const time = now();
    if (time - last < BATCH_END_INTERVAL && batch + 1 < logs.batches) return;
    last = time;
    return report(batch, logs);
  };
}
