import { type FilePath, pathOf, readBytes, writeWhole } from "./disk/disk-node.ts";
import { LstmkitError } from "./errors.ts";
import { show } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { Model, SaveOptions } from "./train/model.ts";

/**
 * Write a model file, whole or not at all. A file that had the name is replaced; the new one has its mode, and
 * its owner where this user may give it. Of a symbolic link, what it points to is replaced. As with model.save(), a
 * model that is loaded from it predicts the same, but trains on with Adam begun anew, unless `optimizer: true` is given.
 *
 * @param path or a `file:` URL
 * @throws BAD_ARGUMENT for what is no path or no model; FILE_UNWRITABLE, and nothing is left behind; what model.save() throws
 */
export async function saveModel(model: Model, path: FilePath, options?: SaveOptions): Promise<void> {
  pathOf(path); // before any work
  requireMethod("model", model, "save", "one that runtime.sequential() or runtime.load() made");
  await writeWhole(path, await model.save(options));
}

/**
 * Read a model file: a regular one, of 4 GiB at most. As with runtime.load(), fit() on it begins Adam anew, and
 * repeats the shuffles and masks of epoch 0, unless it was saved with its optimiser.
 *
 * @param path or a `file:` URL
 * @throws BAD_ARGUMENT for what is no path or no runtime; FILE_NOT_FOUND, FILE_UNREADABLE; what runtime.load() throws
 */
export async function loadModel(runtime: Runtime, path: FilePath): Promise<Model> {
  pathOf(path);
  requireMethod("runtime", runtime, "load", "one that createRuntime() or spawnRuntime() made");
  return runtime.load(await readBytes(path));
}

/** Such as a promise that nobody has awaited. @throws BAD_ARGUMENT */
function requireMethod(name: string, given: unknown, method: string, wanted: string): void {
  if (typeof (given as Record<string, unknown> | null | undefined)?.[method] === "function") return;
  throw new LstmkitError("BAD_ARGUMENT", `the ${name} is ${show(given)}; wanted ${wanted}, awaited.`);
}
