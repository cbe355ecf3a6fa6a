import { LstmkitError } from "../errors.ts";
import { branchesOf, frozen } from "../model/stack.ts";
import { checkOptions, type OptionTable } from "../options.ts";
import { behindData, factsOf, isBatches } from "../train/batches.ts";
import { type CallKind, MODEL_CALLS, type ModelCall, STREAM_CALLS, type StreamCall } from "../train/calls.ts";
import type { CheckpointStore, FitCheckpoint } from "../train/checkpoint.ts";
import type { FitOptions, Model, QuantizeOptions } from "../train/model.ts";
import type { Batches } from "../train/sample-batch.ts";
import type { Stream } from "../train/stream.ts";
import { isNotSendable } from "./guard.ts";
import { Parcel } from "./parcel.ts";
import { refuseUnsendable } from "./unsendable.ts";
import type {
  BatchesAtHost,
  Call,
  CheckpointAtHost,
  FeedName,
  ModelHandle,
  SessionCalls,
  StreamHandle,
} from "./wire.ts";

/** What a model asks of its runtime. */
export interface ModelHost {
  /** Whether the worker is gone. */
  readonly ended: boolean;
  call<T>(work: (session: SessionCalls) => Promise<T>): Promise<T>;
  /** A call that can be aborted, and whose callbacks are called here. */
  run<T>(
    model: Model,
    options: FitOptions,
    work: (session: SessionCalls, call: Call) => Promise<T>,
    feeds?: Feeds,
  ): Promise<T>;
}

/** Batches that a call was given, which are asked for one by one; `pack` makes a message's of one. */
export interface Feeds {
  readonly given: Readonly<Partial<Record<FeedName, Batches>>>;
  pack(batch: readonly unknown[]): readonly unknown[];
}

/**
 * A model in the worker. Every call goes there; what it says about arguments is said there. Options that hold
 * what cannot cross, a signal and callbacks, are checked here, by the same table.
 */
export function remoteModel(runtime: ModelHost, { id, layers, quantized, metadata }: ModelHandle): Model {
  const send = (method: ModelCall, args: readonly unknown[]): Promise<unknown> => {
    // It went with the worker.
    if (method === "dispose" && runtime.ended) return Promise.resolve();
    const kind: CallKind = MODEL_CALLS[method];
    if (kind.options) return sendWithOptions(method, kind, args);
    const answer = runtime.call((session) => session.model(id, method, null, pack(kind, args)));
    return kind.opens ? answer.then((handle) => remoteStream(runtime, handle as StreamHandle)) : answer;
  };

  const several = branchesOf(layers).length > 1;
  /** x, and y where there is one. */
  const packData = (parcel: Parcel, [x, ...y]: readonly unknown[]): unknown[] => [
    several ? packInputs(parcel, x) : parcel.pack(x),
    ...y.map((targets) => parcel.pack(targets)),
  ];

  const sendWithOptions = async (method: ModelCall, kind: CallKind, args: readonly unknown[]) => {
    const table = kind.options as OptionTable<FitOptions & QuantizeOptions>;
    const batches = kind.batches && isBatches(args[0]) ? args[0] : undefined;
    const given = (
      kind.batches
        ? behindData(`${method}()`, ...(args as [unknown, unknown, unknown]))
        : args[kind.arguments]
    ) as (FitOptions & QuantizeOptions) | undefined;
    const options = checkOptions<FitOptions & QuantizeOptions, typeof table>(`${method}()`, given, table);
    if (options.group) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        "a group's ranks cannot be reached from a worker; make the model with createRuntime().",
      );
    }
    const validation = options.validationData;
    const feeds: Feeds = {
      given: {
        ...(batches && { x: batches }),
        ...(isBatches(validation) && { validationData: validation }),
      },
      pack: (batch) => {
        const parcel = new Parcel();
        return parcel.seal(packData(parcel, batch));
      },
    };
    return runtime.run(
      model,
      options,
      (session, call) => {
        const parcel = new Parcel();
        const {
          signal: _,
          callbacks: _c,
          onBatchEnd: _b,
          onEpochEnd: _e,
          validationData: held,
          checkpoint,
          calibration,
          ...rest
        } = options;
        // What was not given is not said: some of it has no meaning beside batches.
        const own = Object.entries(rest).filter(([name]) => Object.hasOwn(given ?? {}, name));
        const sent = {
          ...Object.fromEntries(own),
          ...(held && { validationData: isBatches(held) ? batchesAtHost(held) : packData(parcel, held) }),
          ...(checkpoint && { checkpoint: atHost(checkpoint) }),
          ...(calibration !== undefined && { calibration: packData(parcel, [calibration])[0] }),
          ...(rest.sampleWeight !== undefined && { sampleWeight: parcel.pack(rest.sampleWeight) }),
        };
        const data = Array.from({ length: kind.arguments }, (_, i) => args[i]);
        const packed = batches ? [batchesAtHost(batches)] : data.length > 0 ? packData(parcel, data) : [];
        return session.model(id, method, call, parcel.seal([...packed, sent]));
      },
      feeds,
    );
  };

  /** What no message can hold, a model in this thread would refuse: in its words, where it has some. */
  const sendOrRefuse = (method: ModelCall, args: readonly unknown[]): Promise<unknown> =>
    send(method, args).catch((error: unknown) => {
      if (isNotSendable(error)) refuseUnsendable(method, args, layers);
      throw error;
    });

  const methods = Object.keys(MODEL_CALLS) as ModelCall[];
  const calls = methods.map((method) => [method, (...args: unknown[]) => sendOrRefuse(method, args)]);
  const model = { layers: frozen(layers), quantized, metadata, ...Object.fromEntries(calls) } as Model;
  return model;
}

const stores = new WeakMap<CheckpointStore, number>();
let storesSeen = 0;

function numberOf(store: CheckpointStore): number {
  let number = stores.get(store);
  if (number === undefined) {
    number = ++storesSeen;
    stores.set(store, number);
  }
  return number;
}

const atHost = ({ store, every, resume }: FitCheckpoint): CheckpointAtHost => ({
  lstmkit: "checkpoint",
  store: numberOf(store),
  ...(every !== undefined && { every }),
  ...(resume !== undefined && { resume }),
});

const batchesAtHost = (batches: Batches): BatchesAtHost => ({ lstmkit: "batches", ...factsOf(batches) });

/** A stream in the worker. */
function remoteStream(runtime: ModelHost, { id, batchSize }: StreamHandle): Stream {
  const methods = Object.keys(STREAM_CALLS) as StreamCall[];
  const calls = methods.map((method) => [
    method,
    async (...args: unknown[]) => {
      if (method === "dispose" && runtime.ended) return;
      return runtime.call((session) => session.stream(id, method, pack(STREAM_CALLS[method], args)));
    },
  ]);
  const stepSync = () => {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      "stepSync() cannot wait for a worker's answer; await step(), or use createRuntime().",
    );
  };
  return { batchSize, stepSync, ...Object.fromEntries(calls) } as Stream;
}

/** Arguments as they cross. */
function pack(kind: CallKind, args: readonly unknown[]): unknown[] {
  const parcel = new Parcel();
  const given = kind.opens ? args.map((options) => packStream(parcel, options)) : args;
  return parcel.seal(given.slice(0, kind.arguments).map((arg) => packAll(parcel, arg)));
}

/** The options of a stream, which may have data with them. */
const packStream = (parcel: Parcel, options: unknown): unknown =>
  Object(options).inputs === undefined
    ? options
    : { ...(options as object), inputs: packInputs(parcel, (options as { inputs: unknown }).inputs) };

/** An argument, or each in a list of them, such as weights. */
const packAll = (parcel: Parcel, arg: unknown): unknown =>
  Array.isArray(arg) ? arg.map((one) => parcel.pack(one)) : parcel.pack(arg);

/** The data of each input, in a list or by name. */
function packInputs(parcel: Parcel, x: unknown): unknown {
  if (Object.prototype.toString.call(x) !== "[object Object]") return packAll(parcel, x);
  return Object.fromEntries(Object.entries(x as object).map(([name, one]) => [name, parcel.pack(one)]));
}
