/** The worker's side: a runtime of its own, called by the host over Comlink. */

import { now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import { openRuntime, type Runtime } from "../runtime.ts";
import { type CallKind, MODEL_CALLS, STREAM_CALLS } from "../train/calls.ts";
import type { CallbackState, FitCheckpoint, Pacing } from "../train/checkpoint.ts";
import type { FitEvent } from "../train/listeners.ts";
import type { Callback, FitContext, FitOptions, Model } from "../train/model.ts";
import { streamDisposed } from "../train/open-stream.ts";
import type { CallbackStates } from "../train/run-checkpoints.ts";
import type { BatchSource, SampleBatch } from "../train/sample-batch.ts";
import { modelDisposed } from "../train/sequential.ts";
import type { Stream } from "../train/stream.ts";
import type { KernelBuild } from "../wasm/kernels.ts";
import type { Platform } from "../wasm/platform.ts";
import { sendResult } from "./parcel.ts";
import type {
  BatchesAtHost,
  Call,
  CheckpointAtHost,
  FeedName,
  HostCalls,
  ModelHandle,
  SessionCalls,
  StreamHandle,
} from "./wire.ts";

/** Milliseconds between two calls of onBatchEnd: 20 a second. */
export const BATCH_END_INTERVAL = 50;

/** What a worker finds out by itself; the kernels are the host's to find. */
export type WorkerPlatform = Omit<Platform, "kernels" | "dotless">;

export function makeSession(platform: WorkerPlatform, host: HostCalls): SessionCalls {
  let runtime: Runtime | null = null;
  const models = new Map<number, Model>();
  /** With the models that they are of. */
  const streams = new Map<number, { readonly of: number; readonly stream: Stream }>();
  const calls = new Map<number, AbortController>();
  /** Of the fits that are told of. */
  const contexts = new Map<number, FitContext>();
  /** Of the host's stores of checkpoints. */
  const pacings = new Map<number, Pacing>();
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
    const { layers, quantized, metadata } = added;
    return { id, layers, quantized, metadata };
  };
  const keep = (of: number, stream: Stream): StreamHandle => {
    const id = ++made;
    streams.set(id, { of, stream });
    return { id, batchSize: stream.batchSize };
  };
  const forget = (model: number) => {
    models.delete(model);
    for (const [id, { of }] of streams) if (of === model) streams.delete(id);
  };
  /** A callback that tells the host's, which steer by the context that it notes. */
  const teller = (id: number, hears: Call["hears"]): Callback => {
    const tell = (event: FitEvent, given: unknown[]) => {
      const { learningRate, metrics } = given.pop() as FitContext;
      return host.tell(id, event, given, { learningRate, metrics });
    };
    const told = hears.map((event) => [event, (...given: unknown[]) => tell(event, given)]);
    const callback: Callback = Object.fromEntries(told);
    const { onTrainBegin, onBatchEnd } = callback;
    return {
      ...callback,
      onTrainBegin(context) {
        contexts.set(id, context);
        return onTrainBegin?.(context);
      },
      ...(onBatchEnd && { onBatchEnd: paced(onBatchEnd) }),
    };
  };
  /** Batches of the host's, asked for one by one. */
  const feed = (call: number, name: FeedName, { lstmkit: _, ...facts }: BatchesAtHost): BatchSource => ({
    ...facts,
    begin: (begin, from) => ({
      [Symbol.asyncIterator]() {
        let hasBegun = false;
        return {
          async next() {
            const wish = hasBegun ? "next" : { begin, from };
            hasBegun = true;
            const value = await host.feed(call, name, wish);
            return value ? { done: false, value: value as SampleBatch } : { done: true, value: undefined };
          },
          async return() {
            await host.feed(call, name, "end");
            return { done: true, value: undefined };
          },
        };
      },
    }),
  });
  const pacing = (store: number): Pacing => {
    const found = pacings.get(store) ?? { last: now(), batches: 0 };
    pacings.set(store, found);
    return found;
  };
  /** Checkpoints of the host's: it has the store, and the callbacks with what they remember. */
  const checkpoints = (
    call: number,
    { store, every, resume }: CheckpointAtHost,
  ): FitCheckpoint & { callbackStates: CallbackStates; pacing: Pacing } => ({
    pacing: pacing(store),
    ...(every !== undefined && { every }),
    ...(resume !== undefined && { resume }),
    store: {
      read: async () => (await host.checkpoint(call, "read")) as readonly Uint8Array[],
      write: async (bytes) => void (await host.checkpoint(call, { write: bytes })),
      clear: async () => {}, // a fit keeps them
    },
    onResume: async (resumed) => void (await host.checkpoint(call, { resumed })),
    callbackStates: {
      read: async () => (await host.checkpoint(call, "states")) as readonly (CallbackState | null)[],
      write: async (states) => void (await host.checkpoint(call, { states })),
    },
  });
  /** The same arguments, with the host's batches in their places. */
  const withFeeds = (call: Call, args: readonly unknown[]): readonly unknown[] => {
    const isAtHost = (value: unknown): value is BatchesAtHost => Object(value).lstmkit === "batches";
    const [last, [x, ...rest]] = [args.at(-1) as object, args.slice(0, -1)];
    const options = {
      ...last,
      ...("validationData" in last &&
        isAtHost(last.validationData) && {
          validationData: feed(call.id, "validationData", last.validationData),
        }),
      ...("checkpoint" in last && { checkpoint: checkpoints(call.id, last.checkpoint as CheckpointAtHost) }),
    };
    return [isAtHost(x) ? feed(call.id, "x", x) : x, ...rest, options];
  };
  /** A call that the host can abort and that may call back. */
  const run = async <T>(
    { id, aborted, hears }: Call,
    work: (hooks: Pick<FitOptions, "callbacks"> & { signal: AbortSignal }) => Promise<T>,
  ): Promise<T> => {
    const controller = new AbortController();
    if (aborted) controller.abort();
    calls.set(id, controller);
    try {
      const callbacks = hears.length > 0 && { callbacks: [teller(id, hears)] };
      return await work({ ...callbacks, signal: controller.signal });
    } finally {
      calls.delete(id);
      contexts.delete(id);
    }
  };

  return {
    async open(options) {
      const kernels = (file: KernelBuild) => host.kernels(file);
      runtime = await openRuntime({ ...platform, kernels }, options);
    },
    info: async () => ({ ...(await opened().info()), where: "worker" }),
    close: async () => opened().close(),
    elementwise: async (name, values) => sendResult(await opened().elementwise(name, values)),
    sequential: async (layers, options) => add(await opened().sequential(layers, options)),
    load: async (bytes) => add(await opened().load(bytes)),

    async model(id, method, call, args) {
      const target = model(id);
      const work = target[method] as (...given: readonly unknown[]) => Promise<unknown>;
      const given = call && "batches" in MODEL_CALLS[method] ? withFeeds(call, args) : args;
      const [last, rest] = [given.at(-1), given.slice(0, -1)];
      const result = await (call
        ? run(call, (hooks) => work.call(target, ...rest, { ...(last as object), ...hooks }))
        : work.call(target, ...args));
      if (method === "dispose") forget(id);
      const kind: CallKind = MODEL_CALLS[method];
      if (kind.opens) return keep(id, result as Stream);
      return kind.moves ? sendResult(result as object) : result;
    },
    async stream(id, method, args) {
      const target = streams.get(id)?.stream;
      if (!target && method === "dispose") return;
      if (!target) throw streamDisposed();
      const work = target[method] as (...given: readonly unknown[]) => Promise<unknown>;
      const result = await work.call(target, ...args);
      if (method === "dispose") streams.delete(id);
      const kind: CallKind = STREAM_CALLS[method];
      return kind.moves ? sendResult(result as object) : result;
    },
    async abort(call) {
      calls.get(call)?.abort();
    },
    async steer(call, { stop, learningRate, ...rest }) {
      const context = contexts.get(call);
      if (stop) context?.stop();
      if (learningRate !== undefined) await context?.setLearningRate(learningRate);
      if ("weights" in rest) await context?.setWeights(rest.weights!); // whatever was given in their place
    },
  };
}

/** At most one call in every interval, and always the last of an epoch. */
function paced(report: NonNullable<Callback["onBatchEnd"]>): typeof report {
  let last = -Infinity;
  return (batch, logs, context) => {
    const time = now();
    if (time - last < BATCH_END_INTERVAL && batch + 1 < logs.batches) return;
    last = time;
    return report(batch, logs, context);
  };
}
