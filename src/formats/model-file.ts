/**
 * The model file: one `.safetensors`, tensors under their Keras paths, and in `__metadata__` the layer
 * list, how the model was compiled, and whatever predict needs (a vocabulary, say).
 *
 * A quantized model has some weights as I8, with scales beside them: `…/kernel_row_scale` and `…/kernel_column_scale`.
 */
import { LstmkitError } from "../errors.ts";
import { parseJson } from "../json.ts";
import type { Layer } from "../layers/index.ts";
import { type CompileConfig, type CompileOptions, checkCompile } from "../model/compile.ts";
import { type Int8Weight, isScale, mayMultiply, valuesOf } from "../model/int8.ts";
import { checkLayers } from "../model/stack.ts";
import { type PlacedWeight, weightTable } from "../model/weights.ts";
import { show } from "../options.ts";
import type { NamedTensor } from "../tensor.ts";
import { decodeSafetensors, encodeSafetensors, type FileTensor } from "./safetensors.ts";
import {
  decodeFacts,
  encodeFacts,
  isIntact,
  STATE_KEY,
  STATE_PREFIX,
  sign,
  type TrainingState,
} from "./training-state.ts";

/** The version of the format, in `__metadata__.lstmkit`: in f32, with weights in int8, and with the state of its training. */
const FORMAT = "1";
const INT8_FORMAT = "2";
const TRAINING_FORMAT = "3";

/** A model, as data. */
export interface SavedModel {
  readonly layers: readonly Layer[];
  /** Those in int8 as the f32 that they stand for. */
  readonly weights: readonly NamedTensor[];
  /** Those in int8, by name. */
  readonly int8: Readonly<Record<string, Int8Weight>>;
  /** Null where the model was never compiled. */
  readonly compile: CompileConfig | null;
  readonly seed: number;
  /** The caller's own entries, strings. */
  readonly metadata: Record<string, string>;
  /** Where training goes on from. */
  readonly training?: TrainingState | undefined;
}

/** Keys of `__metadata__` that are the format's own. */
const RESERVED = ["lstmkit", "layers", "compile", "seed", STATE_KEY];

/** @throws BAD_ARGUMENT when a metadata key is one of the format's own, or a value is no string */
export function encodeModel(model: SavedModel): Uint8Array<ArrayBuffer> {
  for (const [key, value] of Object.entries(model.metadata)) {
    if (RESERVED.includes(key) || typeof value !== "string") {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `metadata ${show(key)} ${typeof value === "string" ? "is the format's own" : `is ${show(value)}, not a string`}. ` +
          `Use a key other than ${RESERVED.join(", ")}, and JSON.stringify for values.`,
      );
    }
  }
  for (const { name, data } of model.weights) {
    if (!data.every(Number.isFinite)) {
      throw new LstmkitError(
        "BAD_VALUE",
        `the weight ${show(name)} holds NaN or infinity, which no model file may; load what was saved before.`,
      );
    }
  }
  const { training } = model;
  const plain = Object.keys(model.int8).length > 0 ? INT8_FORMAT : FORMAT;
  const bytes = encodeSafetensors({
    tensors: [
      ...model.weights.flatMap((weight) => tensorsOf(weight, model.int8[weight.name])),
      ...(training?.tensors ?? []).map((tensor) => ({ ...tensor, name: `${STATE_PREFIX}${tensor.name}` })),
    ],
    metadata: {
      ...(training && { [STATE_KEY]: encodeFacts(training.facts) }),
      lstmkit: training ? TRAINING_FORMAT : plain,
      layers: JSON.stringify(model.layers),
      compile: JSON.stringify(model.compile),
      seed: String(model.seed),
      ...model.metadata,
    },
  });
  if (training) sign(bytes);
  return bytes;
}

/** Names of the tensors of a weight's scales. */
const rowScale = (name: string) => `${name}_row_scale`;
const columnScale = (name: string) => `${name}_column_scale`;

function tensorsOf({ name, shape, data }: NamedTensor, int8: Int8Weight | undefined): FileTensor[] {
  if (!int8) return [{ name, shape, data }];
  const { q, rows, columns } = int8;
  return [
    { name, shape, data: q },
    ...(rows ? [{ name: rowScale(name), shape: [rows.length], data: rows }] : []),
    ...(columns ? [{ name: columnScale(name), shape: [columns.length], data: columns }] : []),
  ];
}

/** @throws BAD_MODEL_FILE, OUT_OF_MEMORY */
export function decodeModel(bytes: Uint8Array): SavedModel {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { lstmkit, layers: layersJson, compile: compileJson, seed, [STATE_KEY]: state, ...rest } = metadata;
  if (lstmkit === undefined || layersJson === undefined) {
    throw notOurs("the file holds tensors, but no lstmkit model (no layer list in its metadata)");
  }
  if (lstmkit !== FORMAT && lstmkit !== INT8_FORMAT && lstmkit !== TRAINING_FORMAT) {
    throw notOurs(
      `the file has format ${show(lstmkit)}; this version reads ${FORMAT}, ${INT8_FORMAT} and ${TRAINING_FORMAT}`,
    );
  }
  const training = lstmkit === TRAINING_FORMAT ? trainingOf(bytes, tensors, state) : undefined;
  const { layers, compile } = describedModel(layersJson, compileJson, tensors.length);
  const { specs: table } = weightTable(layers);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const int8: Record<string, Int8Weight> = Object.create(null); // a layer may be called __proto__
  const weights = table.map((spec): NamedTensor => {
    const tensor = checkWeight(spec, byName.get(spec.name));
    const { name, shape, data } = tensor;
    if (!(data instanceof Int8Array)) return { name, shape, data };
    int8[name] = checkInt8(spec, data, byName);
    return { name, shape, data: valuesOf(int8[name], shape.at(-1)!) };
  });
  const scales = Object.values(int8).reduce(
    (n, { rows, columns }) => n + (rows ? 1 : 0) + (columns ? 1 : 0),
    0,
  );
  const ofTraining = training?.tensors.length ?? 0;
  if (tensors.length !== table.length + scales + ofTraining) {
    const wanted = `${table.length}${scales > 0 ? ` and ${scales} scales` : ""}`;
    throw notOurs(`the file has ${tensors.length - ofTraining} tensors; the layers want ${wanted}`);
  }
  if (scales > 0 && lstmkit === FORMAT) {
    throw notOurs(`the file has format ${show(lstmkit)}, which has no weights in int8; ${INT8_FORMAT} has`);
  }
  return { layers, weights, int8, compile, seed: readSeed(seed), metadata: rest, training };
}

/** @throws BAD_MODEL_FILE where a byte of the file is not what was written */
function trainingOf(bytes: Uint8Array, tensors: readonly FileTensor[], entry = ""): TrainingState {
  if (!isIntact(bytes)) throw notOurs("the file does not have the checksum that it names: it is damaged");
  const own = tensors.flatMap(({ name, shape, data }): NamedTensor[] =>
    name.startsWith(STATE_PREFIX) && data instanceof Float32Array
      ? [{ name: name.slice(STATE_PREFIX.length), shape, data }]
      : [],
  );
  try {
    return { facts: decodeFacts(entry), tensors: own };
  } catch (cause) {
    throw notOurs("the state of training in the file is no JSON", cause);
  }
}

type Described = Pick<SavedModel, "layers" | "compile">;

function describedModel(layersJson: string, compileJson = "null", tensors: number): Described {
  try {
    const given = parseJson(layersJson);
    if (Array.isArray(given) && given.length > tensors + MOST_WITHOUT_WEIGHTS) {
      throw new Error(`${given.length} layers, and only ${tensors} tensors`);
    }
    const layers = checkLayers(given as Layer[]);
    const options = parseJson(compileJson);
    return { layers, compile: options === null ? null : checkCompile(options as CompileOptions, layers) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, LONGEST_REASON) : String(cause);
    throw notOurs(`the file's description of the model is not valid (${reason})`, cause);
  }
}

/** Layers without weights, which no tensor bears out, such as dropout or a pooling. */
const MOST_WITHOUT_WEIGHTS = 1000;

/** What a check of the layers finds may quote the file. */
const LONGEST_REASON = 300;

function checkWeight(spec: PlacedWeight, tensor: FileTensor | undefined): FileTensor {
  if (!tensor) throw notOurs(`the file has no tensor ${show(spec.name)}`);
  const { shape, data } = tensor;
  if (shape.join() !== spec.shape.join()) {
    throw notOurs(
      `tensor ${show(spec.name)} has shape ${show(shape)}; the layers want (${spec.shape.join(", ")})`,
    );
  }
  if (data instanceof Float32Array && !data.every(Number.isFinite)) {
    throw notOurs(`tensor ${show(spec.name)} holds NaN or infinity`);
  }
  return tensor;
}

/** A weight in int8, and its scales beside it. */
function checkInt8(spec: PlacedWeight, q: Int8Array, byName: ReadonlyMap<string, FileTensor>): Int8Weight {
  const { name, rows, shape, int8 } = spec;
  if (int8 === undefined) throw notOurs(`tensor ${show(name)} has dtype I8; that weight is F32`);
  if (q.includes(-128)) throw notOurs(`tensor ${show(name)} holds -128; its numbers are -127 to 127`);
  const isTable = int8 === "rows";
  const factors = rowScale(name);
  const hasRows = isTable || byName.has(factors);
  if (hasRows && !isTable && !mayMultiply(spec)) {
    throw notOurs(`tensor ${show(factors)} is beside a weight that has no scales of rows`);
  }
  return {
    q,
    ...(hasRows && { rows: checkScale(factors, rows, byName.get(factors), !isTable) }),
    ...(!isTable && { columns: checkScale(columnScale(name), shape.at(-1)!, byName.get(columnScale(name))) }),
  };
}

/** @param factor whether it is one of a row that has columns' scales beside it */
function checkScale(
  name: string,
  length: number,
  tensor: FileTensor | undefined,
  factor = false,
): Float32Array {
  if (!tensor) throw notOurs(`the file has no tensor ${show(name)}, which the int8 weight beside it needs`);
  const { shape, data } = tensor;
  if (!(data instanceof Float32Array)) throw notOurs(`tensor ${show(name)} has dtype I8; scales are F32`);
  if (shape.join() !== `${length}`) {
    throw notOurs(`tensor ${show(name)} has shape ${show(shape)}; the weight beside it wants (${length})`);
  }
  const bad = data.findIndex((value) => !isScale(value, factor));
  if (bad >= 0) {
    const range = factor ? "2^-40 to 2^40" : "2^-80 to 2^80";
    throw notOurs(`tensor ${show(name)} holds ${data[bad]} at ${bad}; a scale is ${range}`);
  }
  return data;
}

function readSeed(seed = "0"): number {
  const number = Number(seed);
  if (/^\d{1,10}$/.test(seed) && number < 2 ** 32) return number;
  throw notOurs(`the file's seed is ${show(seed)}; it must be a whole number below 2^32`);
}

function notOurs(found: string, cause?: unknown): LstmkitError {
  return new LstmkitError("BAD_MODEL_FILE", `${found}. Save the model again with lstmkit.`, { cause });
}
