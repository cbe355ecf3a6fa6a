/** The host's side: a runtime whose work is done in a worker. */
import { expose, wrap } from "comlink";
import { allBytesOf } from "../bytes.ts";
import { within } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import type { Layer } from "../layers/index.ts";
import { checkOptions } from "../options.ts";
import {
  type ElementwiseName,
  findKernels,
  type ModelBytes,
  type ModelOptions,
  RUNTIME_OPTIONS,
  type Runtime,
  type RuntimeInfo,
  type RuntimeOptions,
} from "../runtime.ts";
import { type FitCheckpoint, lockStore } from "../train/checkpoint.ts";
import { EVENTS, Listeners, type Said } from "../train/listeners.ts";
import type { FitContext, FitOptions, Model } from "../train/model.ts";
import { Steering } from "../train/steering.ts";
import type { Platform } from "../wasm/platform.ts";
import { Feeder } from "./feeder.ts";
import { Guard } from "./guard.ts";
import { GRACE, type StartWorker, type WorkerLink } from "./link.ts";
import { Parcel } from "./parcel.ts";
import { type Feeds, type ModelHost, remoteModel } from "./remote-model.ts";
import { installThrowHandler } from "./thrown.ts";
import { assignRole, type Call, type CheckpointWish, type HostCalls, type SessionCalls } from "./wire.ts";

/** Options of spawnRuntime(). */
export interface SpawnRuntimeOptions<Source> extends RuntimeOptions {
  /**
   * The worker, where the package's own cannot be found or may not be used: the URL of a script that
   * imports `lstmkit/worker`, a worker that runs one, or a function that starts it. It belongs to this
   * runtime from then on, and ends with it. Threads run the same script.
   */
  worker?: Source;
}

const SPAWN_OPTIONS = {
  ...RUNTIME_OPTIONS,
  worker: {
    wanted: "the URL of a script, a worker, or a function that starts one",
    accepts: (value: unknown) => ["object", "function", "string"].includes(typeof value) && value !== null,
    fallback: undefined,
  },
};

/** A call that may call back. */
interface Running {
  /** Tells its callbacks. Absent of a call that has none. */
  readonly tell?: HostCalls["tell"];
  /** Gives its batches. Absent of a call that was given none. */
  readonly feeder?: Feeder;
  /** Keeps its checkpoints. Absent of a call that has none. */
  readonly keep?: (wish: CheckpointWish) => Promise<readonly unknown[] | null>;
  /** What a callback of it threw. */
  thrown?: { readonly error: unknown };
}

/**
 * Start a worker and open a runtime in it.
 *
 * @throws WORKER_FAILED; what createRuntime() throws
 */
export async function openInWorker<Source>(
  start: (worker: Source | undefined, ...args: Parameters<StartWorker>) => WorkerLink,
  platform: Pick<Platform, "kernels" | "vectorPass">,
  given: SpawnRuntimeOptions<Source> = {},
): Promise<Runtime> {
  installThrowHandler();
  const { worker, ...options } = checkOptions<SpawnRuntimeOptions<Source>, typeof SPAWN_OPTIONS>(
    "a runtime",
    given,
    SPAWN_OPTIONS,
  );
  // A promise that rejects before the worker asks for its kernels rejects spawnRuntime() all the same.
  if (options.kernels instanceof Promise) options.kernels.catch(() => {});
  let ready = false;
  let died = () => {};
  const gone = new Promise<void>((resolve) => {
    died = resolve;
  });
  let link: WorkerLink | undefined;
  const guard = new Guard((alive) => link?.hold(alive));
  const onEnd = (reason: unknown) => {
    guard.end(() => (ready ? workerDied(reason) : workerFailed(reason)));
    died();
    link?.terminate().catch(() => {});
  };
  try {
    link = start(worker as Source | undefined, onEnd);
  } catch (cause) {
    throw cause instanceof LstmkitError ? cause : workerFailed(cause);
  }
  const { endpoint, lock } = link;
  try {
    const role = { lstmkit: "session", ...(lock !== undefined && { lock }) } as const;
    const holdsLock = await guard
      .call(() => assignRole(endpoint, role))
      .catch((cause: unknown) => {
        throw cause instanceof LstmkitError ? cause : workerFailed(cause);
      });
    if (holdsLock) link.watch?.();
    ready = true;
    const runtime = new RemoteRuntime(link, guard, gone, (file) => findKernels(file, platform, options));
    await runtime.open({ ...options, ...(await toldOfVectors(platform, options)) });
    return runtime;
  } catch (error) {
    await link.terminate();
    throw error;
  }
}

/** V8's flags are the process's, and a worker does not see them: this side notes what it sets, and tells what is set. */
async function toldOfVectors(
  { vectorPass }: Pick<Platform, "vectorPass">,
  { vectors }: Pick<RuntimeOptions, "vectors">,
): Promise<Pick<RuntimeOptions, "vectors">> {
  const pass = vectors === 128 ? undefined : await vectorPass?.();
  if (!pass || pass.whyNot !== undefined) return {};
  if (vectors === 256) pass.turnOn();
  return pass.on ? { vectors: 256 } : {};
}

/** A runtime in a worker. */
class RemoteRuntime implements Runtime, ModelHost {
  readonly #link: WorkerLink;
  readonly #guard: Guard;
  readonly #gone: Promise<void>;
  readonly #session: SessionCalls;
  readonly #running = new Map<number, Running>();
  #calls = 0;
  #closing: Promise<void> | null = null;

  constructor(link: WorkerLink, guard: Guard, gone: Promise<void>, kernels: HostCalls["kernels"]) {
    this.#link = link;
    this.#guard = guard;
    this.#gone = gone;
    this.#session = wrap(link.endpoint) as unknown as SessionCalls;
    const callbacks: HostCalls = {
      kernels: (file) => this.#remember(0, () => kernels(file)),
      tell: (call, ...told) => this.#remember(call, async ({ tell }) => tell?.(call, ...told)),
      feed: (call, name, wish) =>
        this.#remember(call, async ({ feeder }) => (await feeder?.answer(name, wish)) ?? null),
      checkpoint: (call, wish) => this.#remember(call, async ({ keep }) => (await keep?.(wish)) ?? null),
    };
    expose(callbacks, link.endpoint);
  }

  /** Open the runtime in the worker: call number 0. */
  async open({ threads, math, vectors }: RuntimeOptions): Promise<void> {
    const options = {
      ...(threads !== undefined && { threads }),
      ...(math !== undefined && { math }),
      ...(vectors !== undefined && { vectors }),
    };
    await this.#track(0, {}, (session) => session.open(options));
  }

  async sequential(layers: readonly Layer[], options?: ModelOptions): Promise<Model> {
    return remoteModel(this, await this.call((session) => session.sequential(layers, options)));
  }

  async load(file: ModelBytes): Promise<Model> {
    const parcel = new Parcel();
    const bytes = allBytesOf(file, "load()");
    const packed = parcel.pack(bytes instanceof Promise ? await bytes : bytes);
    return remoteModel(this, await this.call((session) => session.load(parcel.seal(packed))));
  }

  elementwise(name: ElementwiseName, values: ArrayLike<number>): Promise<Float64Array<ArrayBuffer>> {
    const parcel = new Parcel();
    const packed = parcel.pack(values);
    return this.call((session) => session.elementwise(name, parcel.seal(packed)));
  }

  info(): Promise<RuntimeInfo> {
    return this.call((session) => session.info());
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  /** Whether every call would reject: closed, or the worker gone. */
  get ended(): boolean {
    return this.#guard.ended;
  }

  call<T>(work: (session: SessionCalls) => Promise<T>): Promise<T> {
    return this.#guard.call(() => work(this.#session));
  }

  /** A call with callbacks and a signal, which stay on this side. */
  async run<T>(
    model: Model,
    options: FitOptions,
    work: (session: SessionCalls, call: Call) => Promise<T>,
    feeds?: Feeds,
  ): Promise<T> {
    const id = ++this.#calls;
    const feeder = feeds && new Feeder(feeds);
    const listeners = new Listeners(options);
    const signal = options.signal;
    const abort = () => {
      this.#session.abort(id).catch(() => {});
    };
    const hears = EVENTS.filter((event) => listeners.hears(event));
    const unlock = options.checkpoint && (await lockStore(options.checkpoint));
    try {
      signal?.addEventListener("abort", abort, { once: true });
      const tell = this.#teller(model, listeners);
      const keep = options.checkpoint && keeper(options.checkpoint, listeners);
      return await this.#track(id, { tell, ...(feeder && { feeder }), ...(keep && { keep }) }, (session) =>
        work(session, { id, aborted: signal?.aborted ?? false, hears }),
      );
    } catch (error) {
      if (error instanceof LstmkitError && error.code === "ABORTED") error.cause = signal?.reason;
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      feeder?.close();
      await unlock?.();
    }
  }

  /** Tells a fit's callbacks, and gives them a context that sends what they wish. */
  #teller(model: Model, listeners: Listeners): HostCalls["tell"] {
    let context: FitContext | undefined;
    let rate = 0;
    const contextOf = (call: number, metrics: readonly string[]) =>
      new Steering(model, metrics, {
        get learningRate() {
          return rate;
        },
        stop: () => void this.#session.steer(call, { stop: true }).catch(() => {}),
        setLearningRate: async (learningRate) => {
          await this.call((session) => session.steer(call, { learningRate }));
          rate = learningRate;
        },
        setWeights: (weights) => {
          const parcel = new Parcel();
          const packed = Array.isArray(weights) ? weights.map((one) => parcel.pack(one)) : weights;
          return this.call((session) => session.steer(call, parcel.seal({ weights: packed })));
        },
      });
    return async (call, event, said, { learningRate, metrics }) => {
      rate = learningRate;
      context ??= contextOf(call, metrics);
      await listeners.tell(event, said as Said<typeof event>, context);
    };
  }

  /** A call that rejects with the very error that a callback of it threw. */
  async #track<T>(id: number, running: Running, work: (session: SessionCalls) => Promise<T>): Promise<T> {
    this.#running.set(id, running);
    try {
      return await this.call(work);
    } catch (error) {
      throw running.thrown ? running.thrown.error : error;
    } finally {
      this.#running.delete(id);
    }
  }

  async #remember<T>(call: number, work: (running: Running) => Promise<T>): Promise<T> {
    const running = this.#running.get(call) ?? {}; // a call that has rejected on this side
    try {
      return await work(running);
    } catch (error) {
      running.thrown = { error };
      throw error;
    }
  }

  async #end(): Promise<void> {
    if (!this.#guard.ended) {
      this.#guard.end(() => new LstmkitError("DISPOSED", "the runtime was closed; create another."));
      this.#link.hold(true);
      const closed = this.#session.close().catch(() => {});
      await within(GRACE, Promise.race([closed, this.#gone]), () => {});
    }
    await this.#link.terminate();
  }
}

/** A fit's checkpoints on this side, where its store and its callbacks are. */
function keeper({ store, onResume, onError }: FitCheckpoint, listeners: Listeners) {
  return async (wish: CheckpointWish): Promise<readonly unknown[] | null> => {
    if (wish === "read") return store.read();
    if (wish === "states") return listeners.states();
    if ("resumed" in wish) await onResume?.(wish.resumed);
    else if ("states" in wish) listeners.setStates(wish.states);
    else {
      try {
        await store.write(wish.write);
      } catch (error) {
        if (!onError) throw error;
        await onError(error);
      }
    }
    return null;
  };
}

function workerFailed(reason: unknown): LstmkitError {
  return new LstmkitError(
    "WORKER_FAILED",
    `the worker did not start: ${describe(reason)}. Its script must be where the package has it, and in a page be served ` +
      "as JavaScript from the page's origin and allowed by its Content-Security-Policy (worker-src); " +
      "or pass spawnRuntime({ worker }) your own.",
    { cause: reason },
  );
}

function workerDied(reason: unknown): LstmkitError {
  return new LstmkitError(
    "WORKER_DIED",
    `the worker is gone: ${describe(reason)}. Its models are lost; call spawnRuntime() for another, and load what was saved.`,
    { cause: reason },
  );
}

function describe(reason: unknown): string {
  return (reason instanceof Error ? reason.message : String(reason)).replace(/\.$/, "");
}
