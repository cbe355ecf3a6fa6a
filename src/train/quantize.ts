import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import type { Model, QuantizeOptions } from "./model.ts";

/**
 * A model with its weights in int8, as the bytes of a model file about a quarter as long: {@link Model.quantize}.
 *
 *     const small = await kit.load(await quantize(model, { calibration: x }));
 *
 * @throws BAD_ARGUMENT for what is no model; as Model.quantize
 */
export async function quantize(model: Model, options?: QuantizeOptions): Promise<Uint8Array<ArrayBuffer>> {
  const method = (model as Partial<Model> | null | undefined)?.quantize;
  if (typeof method === "function") return model.quantize(options);
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `the model is ${show(model)}; wanted one that runtime.sequential() or runtime.load() made, awaited.`,
  );
}
