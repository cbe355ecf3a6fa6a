/**
 * The model file: one `.safetensors`, tensors under their Keras paths, and in `__metadata__` the layer
 * list, how the model was compiled, and whatever predict needs (a vocabulary, say).
 */
import { LstmkitError } from "../errors.ts";
import type { Layer } from "../layers/index.ts";
import { type CompileConfig, type CompileOptions, checkCompile } from "../model/compile.ts";
import { checkLayers } from "../model/stack.ts";
import { weightTable } from "../model/weights.ts";
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
        `metadata "${key}" ${typeof value === "string" ? "is the format's own" : `is a ${typeof value}, not a string`}. ` +
          `Use a key other than ${RESERVED.join(", ")}, and JSON.stringify for values.`,
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

/** @throws BAD_MODEL_FILE */
export function decodeModel(bytes: Uint8Array): SavedModel {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { lstmkit, layers: layersJson, compile: compileJson, seed, ...rest } = metadata;
  const refuse = (found: string, cause?: unknown): never => {
    throw new LstmkitError("BAD_MODEL_FILE", `${found}. Save the model again with lstmkit.`, { cause });
  };
  if (lstmkit === undefined || layersJson === undefined) {
    return refuse("the file holds tensors, but no lstmkit model (no layer list in its metadata)");
  }
  if (lstmkit !== FORMAT) refuse(`the file has format ${lstmkit}; this version reads ${FORMAT}`);
  let layers: Layer[];
  let compile: CompileConfig | null;
  try {
    layers = checkLayers(JSON.parse(layersJson));
    const given: unknown = JSON.parse(compileJson ?? "null");
    compile = given === null ? null : checkCompile(given as CompileOptions, layers);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return refuse(`the file's description of the model is not valid (${reason})`, cause);
  }
  const { specs: table } = weightTable(layers);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const weights = table.map((spec): NamedTensor => {
    const tensor = byName.get(spec.name);
    if (!tensor) return refuse(`the file has no tensor "${spec.name}"`);
    if (tensor.shape.join() !== spec.shape.join()) {
      refuse(
        `tensor "${spec.name}" has shape (${tensor.shape.join(", ")}); the layers want (${spec.shape.join(", ")})`,
      );
    }
    if (!tensor.data.every(Number.isFinite)) refuse(`tensor "${spec.name}" holds NaN or infinity`);
    return tensor;
  });
  if (tensors.length !== table.length)
    refuse(`the file has ${tensors.length} tensors; the layers want ${table.length}`);
  const number = Number(seed ?? 0);
  return { layers, weights, compile, seed: Number.isInteger(number) ? number >>> 0 : 0, metadata: rest };
}
