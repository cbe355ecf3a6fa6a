/**
 * The model file: one `.safetensors`, tensors under their Keras paths, and in `__metadata__` the layer
 * list, how the model was compiled, and whatever predict needs (a vocabulary, say).
 */
import { LstmkitError } from "../errors.ts";
import { parseJson } from "../json.ts";
import type { Layer } from "../layers/index.ts";
import { type CompileConfig, type CompileOptions, checkCompile } from "../model/compile.ts";
import { checkLayers } from "../model/stack.ts";
import { type PlacedWeight, weightTable } from "../model/weights.ts";
import { show } from "../options.ts";
import type { NamedTensor } from "../tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** The version of the format, in `__metadata__.lstmkit`. */
const FORMAT = "1";

/** A model, as data. */
export interface SavedModel {
  readonly layers: readonly Layer[];
  readonly weights: readonly NamedTensor[];
  /** Null where the model was never compiled. */
  readonly compile: CompileConfig | null;
  readonly seed: number;
  /** The caller's own entries, strings. */
  readonly metadata: Record<string, string>;
}

/** Keys of `__metadata__` that are the format's own. */
const RESERVED = ["lstmkit", "layers", "compile", "seed"];

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
  return encodeSafetensors({
    tensors: [...model.weights],
    metadata: {
      lstmkit: FORMAT,
      layers: JSON.stringify(model.layers),
      compile: JSON.stringify(model.compile),
      seed: String(model.seed),
      ...model.metadata,
    },
  });
}

/** @throws BAD_MODEL_FILE, OUT_OF_MEMORY */
export function decodeModel(bytes: Uint8Array): SavedModel {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { lstmkit, layers: layersJson, compile: compileJson, seed, ...rest } = metadata;
  if (lstmkit === undefined || layersJson === undefined) {
    throw notOurs("the file holds tensors, but no lstmkit model (no layer list in its metadata)");
  }
  if (lstmkit !== FORMAT) throw notOurs(`the file has format ${show(lstmkit)}; this version reads ${FORMAT}`);
  const { layers, compile } = describedModel(layersJson, compileJson, tensors.length);
  const { specs: table } = weightTable(layers);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const weights = table.map((spec) => checkWeight(spec, byName.get(spec.name)));
  if (tensors.length !== table.length) {
    throw notOurs(`the file has ${tensors.length} tensors; the layers want ${table.length}`);
  }
  return { layers, weights, compile, seed: readSeed(seed), metadata: rest };
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

function checkWeight(spec: PlacedWeight, tensor: NamedTensor | undefined): NamedTensor {
  if (!tensor) throw notOurs(`the file has no tensor ${show(spec.name)}`);
  const { shape, data } = tensor;
  if (shape.join() !== spec.shape.join()) {
    throw notOurs(
      `tensor ${show(spec.name)} has shape ${show(shape)}; the layers want (${spec.shape.join(", ")})`,
    );
  }
  if (!data.every(Number.isFinite)) throw notOurs(`tensor ${show(spec.name)} holds NaN or infinity`);
  return tensor;
}

function readSeed(seed = "0"): number {
  const number = Number(seed);
  if (/^\d{1,10}$/.test(seed) && number < 2 ** 32) return number;
  throw notOurs(`the file's seed is ${show(seed)}; it must be a whole number below 2^32`);
}

function notOurs(found: string, cause?: unknown): LstmkitError {
  return new LstmkitError("BAD_MODEL_FILE", `${found}. Save the model again with lstmkit.`, { cause });
}
