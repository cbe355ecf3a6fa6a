/**
 * The streams of a model in this thread: it is given one timestep at a time, and remembers those before. Over 400 lines,
 * half of which look at what is given: a step, a state, the data of the inputs that come before.
 */
import { LstmkitError } from "../errors.ts";
import { kindOf, type Layer } from "../layers/index.ts";
import type { Batch } from "../model/batch.ts";
import { type Branch, branchesOf, originOf } from "../model/stack.ts";
import { type LayerState, Stepper } from "../model/stepper.ts";
import { sizeOf, type Weights } from "../model/weights.ts";
import { checkOptions, show } from "../options.ts";
import type { Tensor } from "../tensor.ts";
import type { Access } from "./access.ts";
import { checkInputs, type Inputs, type Unlabelled } from "./inputs.ts";
import { numbersOf, roomFor, shapeOf } from "./numbers.ts";
import { STREAM_OPTIONS } from "./options.ts";
import type { Step, StepInput, Stream, StreamOptions, StreamState } from "./stream.ts";

/** What a stream asks of its model. */
export interface StreamHost {
  readonly weights: Weights;
  readonly layers: readonly Layer[];
  readonly access: Access;
  /** Whether a call may begin, or go on. @throws DISPOSED, THREAD_FAILED */
  readonly check: () => void;
  /** Group by group through samples, each loaded into a batch that computes outputs. */
  readonly read: (
    data: Unlabelled,
    work: (batch: Batch, from: number, count: number) => Promise<void>,
  ) => Promise<void>;
}

/** The streams of a model. */
export class Streams {
  readonly #host: StreamHost;
  readonly #open = new Set<OpenStream>();
  /** That of `step`, which remembers nothing from call to call. */
  #single: OpenStream | null = null;

  constructor(host: StreamHost) {
    this.#host = host;
  }

  /** @throws BAD_ARGUMENT; as predict of `inputs`; BAD_LAYER where a layer needs steps that are still to come; OUT_OF_MEMORY */
  async open(given: StreamOptions = {}): Promise<OpenStream> {
    const options = checkOptions<StreamOptions, typeof STREAM_OPTIONS>("stream()", given, STREAM_OPTIONS);
    const data = encoded(options, this.#host.layers);
    if (data === null) return this.#make(options.batchSize ?? 1);
    oneStepOf(this.#host.layers); // before anything is computed
    return this.#make(data.samples, await encode(this.#host, data));
  }

  #make(batchSize: number, begin: LayerStates = null): OpenStream {
    const stream = new OpenStream(this.#host, batchSize, begin, () => this.#open.delete(stream));
    this.#open.add(stream);
    return stream;
  }

  /** A step from a state that is given, zeros where it is not. */
  async step(x: StepInput, state: StreamState | undefined): Promise<Step> {
    const { length } = valuesOf(x);
    const batchSize = Math.max(1, Math.floor(length / steppedOf(this.#host.layers).input.width));
    if (this.#single?.batchSize !== batchSize) {
      this.#single?.retire();
      this.#single = this.#make(batchSize);
    }
    return this.#single.stepFrom(x, state);
  }

  /** Give the memory of all back. */
  free(): void {
    for (const stream of this.#open) stream.free();
  }
}

/** Of each layer; null for zeros everywhere. */
type LayerStates = readonly (LayerState | null)[] | null;

/** A stream in this thread. */
class OpenStream implements Stream {
  readonly batchSize: number;
  readonly #host: StreamHost;
  readonly #stepper: Stepper;
  readonly #onFree: () => void;
  /** What it begins with. */
  readonly #begin: LayerStates;
  readonly #branch: Branch;
  /** Ids are below it; null of a model that takes numbers. */
  readonly #ids: number | null;
  /** The last call that gives a promise, and how many there are. */
  #last: Promise<unknown> = Promise.resolve();
  #calls = 0;
  #disposed = false;

  constructor(host: StreamHost, batchSize: number, begin: LayerStates, onFree: () => void) {
    this.#branch = steppedOf(host.layers);
    const first = this.#branch.layers[0]!;
    this.batchSize = batchSize;
    this.#host = host;
    this.#onFree = onFree;
    this.#ids = first.type === "embedding" ? first.inputDim : null;
    this.#stepper = new Stepper(host.weights, oneStepOf(host.layers), batchSize);
    this.#begin = begin;
    if (begin) this.#stepper.writeStates(begin);
  }

  async step(x: StepInput): Promise<Float32Array> {
    const values = this.#valid(x) ? copyOf(x) : this.#read(x);
    return this.#inTurn(() => this.#stepper.step(values).slice());
  }

  stepSync(x: StepInput): Float32Array {
    this.#check();
    if (this.#calls > 0 || this.#host.access.changing) {
      throw new LstmkitError(
        "BUSY",
        "stepSync() cannot wait for a batch of fit, or another call of this stream, to be done; await step().",
      );
    }
    if (!this.#valid(x)) return this.#stepper.step(this.#read(x));
    if (typeof x !== "number") return this.#stepper.step(x);
    ONE[0] = x;
    return this.#stepper.step(ONE);
  }

  async steps(x: Inputs): Promise<Tensor<Float32Array>> {
    const { batchSize: B } = this;
    const given = checkInputs(x, [this.#branch]);
    const [data] = given.x as [(typeof given.x)[0]];
    const [T] = given.T as [number];
    if (given.samples !== B) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `x has shape ${shapeOf(data.shape)}; this stream is of ${B} sequences, which wants ${B} in the first place.`,
      );
    }
    const { inputWidth: width, outputWidth: units } = this.#stepper;
    const all = roomFor([B, T, units], Float32Array, "the result");
    return this.#inTurn(() => {
      const values = new Float64Array(B * width);
      for (let t = 0; t < T; t++) {
        for (let b = 0; b < B; b++) {
          const from = (b * T + t) * width;
          values.set(data.data.subarray(from, from + width), b * width);
        }
        const outputs = this.#stepper.step(values);
        for (let b = 0; b < B; b++) {
          all.set(outputs.subarray(b * units, (b + 1) * units), (b * T + t) * units);
        }
      }
      return { data: all, shape: [B, T, units] };
    });
  }

  async getState(): Promise<StreamState> {
    return this.#inTurn(() => this.#named(this.#stepper.readStates()));
  }

  async setState(state: StreamState): Promise<void> {
    const states = this.#checkState(state);
    return this.#inTurn(() => this.#stepper.writeStates(states));
  }

  async reset(): Promise<void> {
    return this.#inTurn(() => this.#stepper.writeStates(this.#begin));
  }

  /** A step from that state, or from zeros. */
  async stepFrom(x: StepInput, state: StreamState | undefined): Promise<Step> {
    const states = state === undefined ? null : this.#checkState(state);
    const values = this.#read(x);
    return this.#inTurn(() => {
      this.#stepper.writeStates(states);
      const data = this.#stepper.step(values).slice();
      const output = { data, shape: [this.batchSize, this.#stepper.outputWidth] };
      return { output, state: this.#named(this.#stepper.readStates()) };
    });
  }

  async dispose(): Promise<void> {
    this.free();
  }

  /** Give the memory back once the calls that were made are done. */
  retire(): void {
    void this.#last.then(() => this.free());
  }

  free(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#stepper.free();
    this.#onFree();
  }

  /** After the calls of before, with weights that nobody changes meanwhile. */
  #inTurn<T>(work: () => T): Promise<T> {
    const check = () => this.#check();
    const turn = async () => {
      try {
        check();
        return await this.#host.access.read(check, async () => work());
      } finally {
        this.#calls--;
      }
    };
    check();
    this.#calls++;
    const done = this.#last.then(turn);
    this.#last = done.catch(() => {});
    return done;
  }

  #check(): void {
    this.#host.check();
    if (this.#disposed) throw streamDisposed();
  }

  /** Whether a step of it needs no more looking at: numbers in one array, as many as there should be, all of them valid. */
  #valid(x: StepInput): x is number | Float32Array {
    if (typeof x === "number") return this.batchSize * this.#stepper.inputWidth === 1 && this.#takes(x);
    if (
      !(x instanceof Float32Array || x instanceof Float64Array || x instanceof Int32Array || Array.isArray(x))
    )
      return false;
    if (x.length !== this.batchSize * this.#stepper.inputWidth) return false;
    for (let i = 0; i < x.length; i++) {
      const value: unknown = x[i];
      if (typeof value !== "number" || !this.#takes(value)) return false;
    }
    return true;
  }

  #takes(value: number): boolean {
    return this.#ids === null
      ? Number.isFinite(Math.fround(value))
      : Number.isInteger(value) && value >= 0 && value < this.#ids;
  }

  /** Anything else that a step may be, as numbers of our own. @throws BAD_SHAPE, BAD_INDEX, BAD_VALUE */
  #read(x: StepInput): Int32Array | Float32Array {
    const { batchSize: B } = this;
    const values = valuesOf(x);
    const { holds, sequence, width } = this.#branch.input;
    if (values.length !== B * width) {
      const each = holds === "ids" ? "an id" : `${width} numbers`;
      throw new LstmkitError(
        "BAD_SHAPE",
        `x has ${values.length} numbers; a step of this stream takes ${B * width}: ${each} for each of ${B} sequences.`,
      );
    }
    const shape = [B, ...(sequence ? [1] : []), ...(holds === "ids" ? [] : [width])];
    return checkInputs({ data: values, shape }, [this.#branch]).x[0]!.data;
  }

  #named(states: readonly (LayerState | null)[]): StreamState {
    const { layers } = this.#host;
    return Object.fromEntries(
      states.flatMap((state, i) => {
        if (!state) return [];
        const tensors = Object.entries(state).map(([name, data]) => [
          name,
          { data, shape: [this.batchSize, data.length / this.batchSize] },
        ]);
        return [[layers[i]!.name, Object.fromEntries(tensors)]];
      }),
    );
  }

  /** @throws BAD_SHAPE, BAD_VALUE */
  #checkState(given: StreamState): (LayerState | null)[] {
    const { layers } = this.#host;
    if (typeof given !== "object" || given === null) {
      throw new LstmkitError("BAD_SHAPE", `the state is ${show(given)}; give what getState() gave.`);
    }
    const stepped = this.#branch.layers;
    const wanted = stepped.flatMap((layer) => {
      const carried = kindOf(layer).carried?.(layer);
      return carried ? [layer.name] : [];
    });
    const odd = Object.keys(given).find((name) => !wanted.includes(name));
    if (odd !== undefined) {
      throw new LstmkitError(
        "BAD_SHAPE",
        `the state has ${show(odd)}; what this model carries is of ${wanted.join(", ") || "no layer"}.`,
      );
    }
    return layers.map((layer) => {
      const carried = stepped.includes(layer) && kindOf(layer).carried?.(layer);
      return carried ? this.#checkLayerState(layer.name, carried, given[layer.name]) : null;
    });
  }

  #checkLayerState(
    layer: string,
    carried: Readonly<Record<string, number>>,
    given: StreamState[string] | undefined,
  ): LayerState {
    const tensors = Object.entries(carried).map(([name, width]) => {
      const called = `${name} of ${layer} in the state`;
      const { shape, each } = numbersOf(given?.[name], called);
      const wanted = [this.batchSize, width];
      if (shapeOf(shape) !== shapeOf(wanted)) {
        throw new LstmkitError(
          "BAD_SHAPE",
          `${called} has shape ${shapeOf(shape)}; this stream wants ${shapeOf(wanted)}.`,
        );
      }
      const data = roomFor(shape, Float32Array, called);
      each((value, i) => {
        data[i] = value;
        if (!Number.isFinite(data[i])) {
          throw new LstmkitError(
            "BAD_VALUE",
            `${called}, element ${i}, is ${value}; states are finite in float32.`,
          );
        }
      });
      return [name, data] as const;
    });
    return Object.fromEntries(tensors);
  }
}

/** What a call on a disposed stream rejects with. */
export const streamDisposed = () => new LstmkitError("DISPOSED", "the stream was disposed; open another.");

/** A step that is a number, for a call that looks at it at once. */
const ONE = new Float64Array(1);

const copyOf = (x: number | ArrayLike<number>): Float64Array =>
  typeof x === "number" ? Float64Array.of(x) : Float64Array.from(x);

/** All numbers of a step, in their order. @throws BAD_SHAPE, BAD_VALUE */
function valuesOf(x: StepInput): Float64Array {
  if (typeof x === "number") return Float64Array.of(x);
  const { shape, each } = numbersOf(x, "x");
  const values = new Float64Array(sizeOf(shape));
  each((value, i) => {
    values[i] = value;
  });
  return values;
}

/** The branch that goes on step by step, the last; it takes however many steps. */
function steppedOf(layers: readonly Layer[]): Branch {
  const last = branchesOf(layers).at(-1)!;
  return { ...last, input: { ...last.input, T: null } };
}

/**
 * The data of all inputs but the last; null of a model that has one.
 *
 * @throws BAD_ARGUMENT, BAD_SHAPE, BAD_INDEX, BAD_VALUE
 */
function encoded({ batchSize, inputs }: StreamOptions, layers: readonly Layer[]): Unlabelled | null {
  const branches = branchesOf(layers).slice(0, -1);
  const names = branches.map(({ name }) => name).join(", ");
  if (branches.length === 0) {
    if (inputs === undefined) return null;
    throw new LstmkitError(
      "BAD_ARGUMENT",
      "stream() was given inputs; this model has one, which steps are of.",
    );
  }
  if (inputs === undefined) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `this model has several inputs: give stream() the data of those that come before, inputs: { ${names} }.`,
    );
  }
  const data = checkInputs(inputs, branches, "inputs");
  if (batchSize === undefined || batchSize === data.samples) return data;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `batchSize is ${batchSize}, and inputs has ${data.samples} samples; a stream has a sequence for each. Leave batchSize out.`,
  );
}

/** What the layers of the last branch begin with, of the data of all others. */
async function encode({ layers, read }: StreamHost, { x, T, samples }: Unlabelled): Promise<LayerStates> {
  const { holds, width } = steppedOf(layers).input;
  const size = samples * width;
  // The last branch reads a step of zeros, and nobody asks what it makes of it.
  const data = holds === "ids" ? new Int32Array(size) : new Float32Array(size);
  const whole = { x: [...x, { data, shape: [samples, 1, width] }], T: [...T, 1], samples };
  const states = layers.map((): Record<string, Float32Array> => ({}));
  await read(whole, async (batch, from, count) => {
    for (const [i, own] of (await batch.handedOn(count)).entries()) {
      for (const [name, values] of Object.entries(own)) {
        const each = values.length / count;
        states[i]![name] ??= new Float32Array(samples * each);
        states[i]![name].set(values, from * each);
      }
    }
  });
  return states;
}

/** @throws BAD_LAYER where a layer's output at a step is of later steps as well */
function oneStepOf(layers: readonly Layer[]): Layer[] {
  const start = layers.length - branchesOf(layers).at(-1)!.layers.length;
  return layers.map((layer, i) => {
    // What comes before is not run: it keeps nothing.
    if (i < start) return "stateful" in layer ? { ...layer, stateful: false } : layer;
    const origin = originOf(layers, i);
    const streamed = origin === undefined || origin < start ? kindOf(layer).oneStep?.(layer) : null;
    if (streamed) return { ...streamed, initialState: undefined } as Layer;
    throw new LstmkitError(
      "BAD_LAYER",
      `${layer.name}, a layer of type ${layer.type}, reads more of a sequence than one step and the states before it, so ` +
        "the model cannot be given one step at a time; use predict().",
    );
  });
}
