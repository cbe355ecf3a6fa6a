/**
 * Layer descriptions: plain data, so that a model crosses a worker boundary, fits in a file's header
 * and prints. Names, meanings and defaults are Keras 3's, spelled as TensorFlow.js spells them.
 */
import { LstmkitError } from "../errors.ts";

/**
 * How a weight starts. `glorotUniform`: ±√(6 / (fanIn + fanOut)) (Glorot and Bengio 2010);
 * `orthogonal`: Saxe et al. 2013; `randomUniform`: ±0.05.
 */
export type Initializer = "glorotUniform" | "orthogonal" | "randomUniform" | "zeros" | "ones";

/** Elementwise functions of a dense layer. */
export type Activation = "linear" | "sigmoid" | "tanh" | "relu";

export interface EmbeddingConfig {
  /** V: ids are in [0, inputDim). */
  inputDim: number;
  /** E: length of a token's vector. */
  outputDim: number;
  /** Default `randomUniform`. */
  embeddingsInitializer?: Initializer;
  /** Default `embedding`, `embedding_1`, … */
  name?: string;
}

export interface RecurrentConfig {
  /** H: length of the state. */
  units: number;
  /** Share of inputs dropped while training, one mask per sequence; in [0, 1). Default 0. */
  dropout?: number;
  /** Give the output of every timestep, (B, T, H), not only the last, (B, H). Default false. */
  returnSequences?: boolean;
  /** Default `glorotUniform`. */
  kernelInitializer?: Initializer;
  /** Default `orthogonal`. */
  recurrentInitializer?: Initializer;
  /** Default `zeros`. */
  biasInitializer?: Initializer;
  /** For a first layer that is fed with numbers: [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `lstm`, `lstm_1`, … */
  name?: string;
}

export interface LstmConfig extends RecurrentConfig {
  /** Start the forget gate's bias at 1 (Jozefowicz et al. 2015). Default true. */
  unitForgetBias?: boolean;
}

export interface DenseConfig {
  /** Length of the output. */
  units: number;
  /** Default `linear`. */
  activation?: Activation;
  /** Default `glorotUniform`. */
  kernelInitializer?: Initializer;
  /** Default `zeros`. */
  biasInitializer?: Initializer;
  /** Default `dense`, `dense_1`, … */
  name?: string;
}

export type EmbeddingLayer = { readonly type: "embedding" } & Readonly<Required<EmbeddingConfig>>;
type RecurrentDefaults = Omit<RecurrentConfig, "inputShape">;
type InputShape = { readonly inputShape?: readonly [number | null, number] };
export type LstmLayer = { readonly type: "lstm"; readonly unitForgetBias: boolean } & Readonly<
  Required<RecurrentDefaults>
> &
  InputShape;
export type SimpleRnnLayer = { readonly type: "simpleRNN" } & Readonly<Required<RecurrentDefaults>> &
  InputShape;
export type DenseLayer = { readonly type: "dense" } & Readonly<Required<DenseConfig>>;
export type RecurrentLayer = LstmLayer | SimpleRnnLayer;
/** One layer of a model, with every default filled in; `name` is "" until the model gives it one. */
export type Layer = EmbeddingLayer | RecurrentLayer | DenseLayer;

export const isRecurrent = (layer: Layer): layer is RecurrentLayer =>
  layer.type === "lstm" || layer.type === "simpleRNN";

const INITIALIZERS = ["glorotUniform", "orthogonal", "randomUniform", "zeros", "ones"] as const;
const ACTIVATIONS = ["linear", "sigmoid", "tanh", "relu"] as const;

/** Token vectors: ids (B, T) → (B, T, outputDim). Must be the first layer. */
export function embedding(config: EmbeddingConfig): EmbeddingLayer {
  return fill("embedding", config, {
    inputDim: 0,
    outputDim: 0,
    embeddingsInitializer: "randomUniform",
    name: "",
  });
}

const RECURRENT = {
  units: 0,
  dropout: 0,
  returnSequences: false,
  kernelInitializer: "glorotUniform",
  recurrentInitializer: "orthogonal",
  biasInitializer: "zeros",
  inputShape: undefined,
  name: "",
} as const;

/**
 * Long short-term memory: (B, T, I) → (B, T, units) or (B, units). Gates are sigmoid, candidate and
 * output tanh, as in Keras's default.
 */
export function lstm(config: LstmConfig): LstmLayer {
  return fill("lstm", config, { ...RECURRENT, unitForgetBias: true });
}

/** The simple recurrent layer: (B, T, I) → (B, T, units) or (B, units); tanh. */
export function simpleRNN(config: RecurrentConfig): SimpleRnnLayer {
  return fill("simpleRNN", config, RECURRENT);
}

/** y = activation(x·W + b), on the last axis. */
export function dense(config: DenseConfig): DenseLayer {
  return fill("dense", config, {
    units: 0,
    activation: "linear",
    kernelInitializer: "glorotUniform",
    biasInitializer: "zeros",
    name: "",
  });
}

const MAKERS = { embedding, lstm, simpleRNN, dense } as const;

/** Defaults under the given values, each value checked; unknown names are refused, not ignored. */
function fill<L extends Layer>(type: L["type"], config: object, defaults: Record<string, unknown>): L {
  if (typeof config !== "object" || config === null) {
    throw new LstmkitError(
      "BAD_LAYER",
      `${type}() takes an object such as { ${Object.keys(defaults)[0]}: 64 }`,
    );
  }
  const values: Record<string, unknown> = { type, ...defaults };
  for (const [key, value] of Object.entries(config)) {
    if (key === "type" || value === undefined) continue;
    if (!(key in defaults)) {
      throw new LstmkitError(
        "BAD_LAYER",
        `${type} has no option "${key}"; it has ${Object.keys(defaults).join(", ")}.`,
      );
    }
    checkOption(type, key, value);
    values[key] = value;
  }
  for (const size of ["inputDim", "outputDim", "units"]) {
    if (size in values) checkOption(type, size, values[size]);
  }
  if (values.inputShape === undefined) delete values.inputShape;
  return values as L;
}

function checkOption(type: string, key: string, value: unknown): void {
  const refuse = (wanted: string): never => {
    throw new LstmkitError(
      "BAD_LAYER",
      `${type}'s ${key} is ${JSON.stringify(value)}; it must be ${wanted}.`,
    );
  };
  const isSize = (n: unknown) => typeof n === "number" && Number.isInteger(n) && n > 0 && n < 2 ** 31;
  switch (key) {
    case "inputDim":
    case "outputDim":
    case "units":
      if (!isSize(value)) refuse("a whole number from 1 on");
      break;
    case "dropout":
      if (typeof value !== "number" || !(value >= 0 && value < 1)) refuse("a number from 0 to below 1");
      break;
    case "returnSequences":
    case "unitForgetBias":
      if (typeof value !== "boolean") refuse("true or false");
      break;
    case "activation":
      if (!(ACTIVATIONS as readonly unknown[]).includes(value)) refuse(`one of ${ACTIVATIONS.join(", ")}`);
      break;
    case "inputShape":
      if (
        !Array.isArray(value) ||
        value.length !== 2 ||
        !isSize(value[1]) ||
        !(value[0] === null || isSize(value[0]))
      ) {
        refuse("[timesteps or null, features]");
      }
      break;
    case "name":
      if (typeof value !== "string" || !/^[\w.-]*$/.test(value)) refuse("letters, digits, _, . and -");
      break;
    default:
      if (!(INITIALIZERS as readonly unknown[]).includes(value)) refuse(`one of ${INITIALIZERS.join(", ")}`);
  }
}

const BASE_NAMES = { embedding: "embedding", lstm: "lstm", simpleRNN: "simple_rnn", dense: "dense" } as const;

/**
 * Check that the layers make a model and give each a name of its own, as Keras does.
 *
 * A model is an optional embedding, one or more recurrent layers, and one or more dense layers.
 *
 * @throws BAD_LAYER
 */
export function checkLayers(layers: readonly Layer[]): Layer[] {
  const refuse = (message: string): never => {
    throw new LstmkitError("BAD_LAYER", message);
  };
  if (!Array.isArray(layers) || layers.length === 0) refuse("a model needs layers; the list is empty.");
  const checked = layers.map((layer, i): Layer => {
    const make = Object.hasOwn(MAKERS, layer?.type) ? MAKERS[layer.type] : undefined;
    if (!make) {
      return refuse(
        `layer ${i} has type ${JSON.stringify(layer?.type)}; it must be one of ${Object.keys(MAKERS).join(", ")}.`,
      );
    }
    return make(layer as never); // fills in what a hand-written description leaves out
  });
  let rank = 0; // of the stages embedding, recurrent, dense
  for (const [i, layer] of checked.entries()) {
    const stage = layer.type === "embedding" ? 0 : layer.type === "dense" ? 2 : 1;
    if (stage < rank || (stage === 0 && i > 0)) {
      refuse(
        `layer ${i}, ${layer.type}, cannot follow ${checked[i - 1]?.type}: the order is embedding, lstm or simpleRNN, dense.`,
      );
    }
    rank = stage;
    if (stage === 1) {
      const next = checked[i + 1];
      if (next && next.type !== "dense" && !(layer as RecurrentLayer).returnSequences) {
        refuse(`layer ${i}, ${layer.type}, feeds another recurrent layer: give it returnSequences: true.`);
      }
      const { inputShape } = layer as RecurrentLayer;
      if (i > 0 && inputShape)
        refuse(`layer ${i}, ${layer.type}, has an inputShape; only a first layer takes one.`);
      if (i === 0 && !inputShape) {
        refuse(
          `the first layer, ${layer.type}, needs inputShape: [timesteps or null, features], or an embedding before it.`,
        );
      }
    }
  }
  if (!checked.some(isRecurrent)) {
    refuse("a model needs a recurrent layer: lstm or simpleRNN.");
  }
  if (checked.at(-1)?.type !== "dense") refuse("the last layer must be dense: it makes the prediction.");
  const taken = new Set<string>();
  const counts = { embedding: 0, lstm: 0, simpleRNN: 0, dense: 0 }; // numbers below are taken
  return checked.map((layer) => {
    let { name } = layer;
    if (name === "") {
      const base = BASE_NAMES[layer.type];
      do {
        const n = counts[layer.type]++;
        name = n === 0 ? base : `${base}_${n}`;
      } while (taken.has(name));
    }
    if (taken.has(name)) refuse(`two layers are called "${name}".`);
    taken.add(name);
    return { ...layer, name };
  });
}
