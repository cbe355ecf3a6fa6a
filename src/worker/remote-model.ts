import type { Layer } from "../layers/index.ts";
import type { CompileOptions } from "../model/compile.ts";
import type { NamedTensor, Tensor } from "../tensor.ts";
import type { Inputs, Targets } from "../train/inputs.ts";
import type {
  EvaluateOptions,
  FitOptions,
  GradientFlow,
  History,
  Logs,
  Model,
  ReadOptions,
  SaveOptions,
  Trace,
} from "../train/model.ts";
import type { RemoteRuntime } from "./host.ts";
import { Parcel } from "./parcel.ts";
import type { ModelHandle, SentOptions } from "./wire.ts";

/** A model in the worker. Every call goes there; what it says about arguments is said there. */
export class RemoteModel implements Model {
  readonly layers: readonly Layer[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #runtime: RemoteRuntime;
  readonly #id: number;

  constructor(runtime: RemoteRuntime, { id, layers, metadata }: ModelHandle) {
    this.#runtime = runtime;
    this.#id = id;
    this.layers = layers;
    this.metadata = metadata;
  }

  compile(options: CompileOptions): Promise<void> {
    return this.#runtime.call((session) => session.compile(this.#id, options));
  }

  fit(x: Inputs, y: Targets, options: FitOptions = {}): Promise<History> {
    return this.#runtime.run(options, (session, call) => {
      const parcel = new Parcel();
      const sent = toSend(options);
      const { validationData: pair } = sent;
      if (Array.isArray(pair)) {
        sent.validationData = pair.map((part) => parcel.pack(part)) as unknown as [Inputs, Targets];
      }
      return session.fit(this.#id, call, parcel.pack(x), parcel.pack(y), parcel.seal(sent));
    });
  }

  evaluate(x: Inputs, y: Targets, options: EvaluateOptions = {}): Promise<Logs> {
    return this.#runtime.run(options, (session, call) => {
      const parcel = new Parcel();
      const [inputs, targets] = [parcel.pack(x), parcel.pack(y)];
      return session.evaluate(this.#id, call, inputs, targets, parcel.seal(toSend(options)));
    });
  }

  predict(x: Inputs, options: EvaluateOptions = {}): Promise<Tensor<Float32Array>> {
    return this.#runtime.run(options, (session, call) => {
      const parcel = new Parcel();
      const inputs = parcel.pack(x);
      return session.predict(this.#id, call, inputs, parcel.seal(toSend(options)));
    });
  }

  trace(x: Inputs, options: ReadOptions = {}): Promise<Trace> {
    return this.#runtime.run(options, (session, call) => {
      const parcel = new Parcel();
      const inputs = parcel.pack(x);
      return session.trace(this.#id, call, inputs, parcel.seal(toSend(options)));
    });
  }

  gradientFlow(x: Inputs, y: Targets, options: ReadOptions = {}): Promise<GradientFlow> {
    return this.#runtime.run(options, (session, call) => {
      const parcel = new Parcel();
      const [inputs, targets] = [parcel.pack(x), parcel.pack(y)];
      return session.gradientFlow(this.#id, call, inputs, targets, parcel.seal(toSend(options)));
    });
  }

  summary(): Promise<string> {
    return this.#runtime.call((session) => session.summary(this.#id));
  }

  countParams(): Promise<number> {
    return this.#runtime.call((session) => session.countParams(this.#id));
  }

  getWeights(): Promise<NamedTensor[]> {
    return this.#runtime.call((session) => session.getWeights(this.#id));
  }

  setWeights(weights: readonly Tensor<Float32Array>[]): Promise<void> {
    return this.#runtime.call((session) => {
      const parcel = new Parcel();
      const packed = weights.map((weight) => parcel.pack(weight));
      return session.setWeights(this.#id, parcel.seal(packed));
    });
  }

  digest(): Promise<string> {
    return this.#runtime.call((session) => session.digest(this.#id));
  }

  save(options?: SaveOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#runtime.call((session) => session.save(this.#id, options));
  }

  async dispose(): Promise<void> {
    if (this.#runtime.ended) return; // it went with the worker
    await this.#runtime.call((session) => session.dispose(this.#id));
  }
}

/**
 * What is sent of the options. A function that is none of the callbacks, under a misspelt name perhaps,
 * goes as its text, for the worker to refuse.
 */
function toSend<O extends FitOptions>(options: O): SentOptions<O> {
  const { signal: _, onBatchEnd: __, onEpochEnd: ___, ...rest } = options;
  return Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, typeof value === "function" ? String(value) : value]),
  ) as SentOptions<O>;
}
