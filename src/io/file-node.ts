import type { Runtime } from "../kit.ts";
import type { Model, SaveOptions } from "../train/model.ts";
import { readBytes, writeWhole } from "./disk-node.ts";

/**
 * Write a model file, whole or not at all. A file that had the name is replaced. As with model.save(), a model
 * that is loaded from it predicts the same, but trains on with Adam begun anew.
 *
 * @throws FILE_UNWRITABLE, and nothing is left behind; what model.save() throws
 */
export async function saveModel(model: Model, path: string, options?: SaveOptions): Promise<void> {
  await writeWhole(path, await model.save(options));
}

/**
 * Read a model file. As with runtime.load(), fit() on it begins Adam anew, and repeats the shuffles and masks of
 * epoch 0.
 *
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE; what runtime.load() throws
 */
export async function loadModel(runtime: Runtime, path: string): Promise<Model> {
  return runtime.load(await readBytes(path));
}
