/** What crosses between a host and its worker: the roles a worker takes, and the calls of both sides. */

import { within } from "../clock.ts";
import type { HostEvent, WasmModule } from "../host-types.ts";
import type { Layer } from "../layers/index.ts";
import type { ElementwiseName, ModelOptions, RuntimeInfo, RuntimeOptions } from "../runtime.ts";
import type { Tensor } from "../tensor.ts";
import type { ModelCall, StreamCall } from "../train/calls.ts";
import type { CallbackState, FitCheckpoint, ResumedFrom } from "../train/checkpoint.ts";
import type { FitEvent } from "../train/listeners.ts";
import type { FitContext } from "../train/model.ts";
import type { BatchSource } from "../train/sample-batch.ts";
import type { KernelBuild } from "../wasm/kernels.ts";
import type { ThreadInit } from "../wasm/platform.ts";
import type { Endpoint } from "./link.ts";

/** What a worker is started for. One script does both, so that a package or a bundler has one to find. */
export type Role = (({ readonly lstmkit: "thread" } & ThreadInit) | { readonly lstmkit: "session" }) & {
  /** A Web Lock to hold for as long as the worker lives. */
  readonly lock?: string;
};

/** What a worker says of itself; `ended` is a thread's, once its team is dismissed, and `failed` once it is lost. */
export type Sign =
  | { readonly lstmkit: "awake" | "ended" }
  | { readonly lstmkit: "ready"; readonly holdsLock: boolean }
  | { readonly lstmkit: "failed"; readonly reason: string };

/** What a message says, or undefined where it is none of these. */
export function readSign(event: HostEvent): Sign | undefined {
  return markedMessage<Sign>(event);
}

/** As readSign. */
export function readRole(event: HostEvent): Role | undefined {
  return markedMessage<Role>(event);
}

function markedMessage<M>(event: Event): M | undefined {
  const { data } = event as MessageEvent<unknown>;
  return typeof data === "object" && data !== null && "lstmkit" in data ? (data as M) : undefined;
}

/**
 * Give a worker its role as soon as it listens, and wait until it has taken it, which another script never
 * would. Messages to a script that still loads may be lost, so a role is sent when the script says that it is
 * awake; a worker that was started long ago has said so already, so a session is asked for at once too.
 *
 * @returns whether it holds the lock that it was given
 */
export function assignRole(endpoint: Endpoint, role: Role): Promise<boolean> {
  const taken = new Promise<boolean>((resolve, reject) => {
    const listen = (event: Event) => {
      const sign = readSign(event);
      if (sign?.lstmkit === "awake") endpoint.postMessage(role);
      else if (sign?.lstmkit === "ready") resolve(sign.holdsLock);
      else if (sign?.lstmkit === "failed") reject(new Error(sign.reason));
      else return;
      if (sign.lstmkit !== "awake") endpoint.removeEventListener("message", listen);
    };
    endpoint.addEventListener("message", listen);
    if (role.lstmkit === "session") endpoint.postMessage(role);
  });
  return within(PATIENCE, taken, () => {
    throw new Error(`no answer in ${PATIENCE / 1000} s`);
  });
}

/** Milliseconds that a worker's script may take to load and to answer. */
const PATIENCE = 30_000;

/** What the host knows of a model in the worker. */
export interface ModelHandle {
  readonly id: number;
  readonly layers: readonly Layer[];
  readonly quantized: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the host knows of a stream in the worker. */
export interface StreamHandle {
  readonly id: number;
  readonly batchSize: number;
}

/** A call that works batch by batch, as the worker is told of it. */
export interface Call {
  readonly id: number;
  /** Whether its signal had fired before the call. */
  readonly aborted: boolean;
  /** What the host's callbacks want to be told of. */
  readonly hears: readonly FitEvent[];
}

/** What is true of a fit when its callbacks are told something. */
export type FitFacts = Pick<FitContext, "learningRate" | "metrics">;

/** Where a call takes batches that come one by one: they stay with the host, which is asked for each. */
export type FeedName = "x" | "validationData";

/** Stands in a message for batches of the host's. */
export interface BatchesAtHost extends Pick<BatchSource, "batches" | "fingerprint"> {
  readonly lstmkit: "batches";
}

/** What is asked of batches: of a pass by its number those from one on, the next of it, or its end. */
export type FeedWish = { readonly begin: number; readonly from: number } | "next" | "end";

/** Stands in a message for a fit's checkpoints, which the host keeps, with the callbacks' states. */
export interface CheckpointAtHost extends Pick<FitCheckpoint, "every" | "resume"> {
  readonly lstmkit: "checkpoint";
  /** The store, by a number of its own. */
  readonly store: number;
}

/** What is asked of the host about them. */
export type CheckpointWish =
  | "read"
  | "states"
  | { readonly write: Uint8Array<ArrayBuffer> }
  | { readonly resumed: ResumedFrom | null }
  | { readonly states: readonly (CallbackState | null)[] };

/** What callbacks may have done to a fit. */
export interface Wish {
  readonly stop?: true;
  readonly learningRate?: number;
  readonly weights?: readonly Tensor<Float32Array>[];
}

/** What the worker does for the host. */
export interface SessionCalls {
  open(options: Pick<RuntimeOptions, "threads" | "math" | "vectors">): Promise<void>;
  info(): Promise<RuntimeInfo>;
  close(): Promise<void>;
  elementwise(name: ElementwiseName, values: ArrayLike<number>): Promise<Float64Array<ArrayBuffer>>;
  sequential(layers: readonly Layer[], options?: ModelOptions): Promise<ModelHandle>;
  load(bytes: Uint8Array): Promise<ModelHandle>;

  /**
   * A call of a model.
   *
   * @param call null where it cannot be aborted and has nothing to call back
   * @param args the call's own, the last of them its options where it has some
   */
  model(id: number, method: ModelCall, call: Call | null, args: readonly unknown[]): Promise<unknown>;
  /** A call of a stream. */
  stream(id: number, method: StreamCall, args: readonly unknown[]): Promise<unknown>;
  /** The signal of a call has fired. */
  abort(call: number): Promise<void>;
  /** A callback of a call has something done to its fit. */
  steer(call: number, wish: Wish): Promise<void>;
}

/** What the host does for the worker. */
export interface HostCalls {
  /** A build of the kernels, a module or bytes: the host has the caller's source, and the page's base URL. */
  kernels(file: KernelBuild): Promise<WasmModule | Uint8Array>;
  /** Tell a call's callbacks of an event of its fit. */
  tell(call: number, event: FitEvent, said: readonly unknown[], facts: FitFacts): Promise<void>;
  /** What was kept, for `read`; the callbacks' states, for `states`; else nothing. */
  checkpoint(call: number, wish: CheckpointWish): Promise<readonly unknown[] | null>;
  /** The next of the batches that a call was given; null where the pass has no more, and for its end. */
  feed(call: number, name: FeedName, wish: FeedWish): Promise<readonly unknown[] | null>;
}
