/** Checkpoints as files of a folder: two generations, each there wholly or not at all. */
import { readdir, rm, rmdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type FilePath, pathOf, readBytes, reading, writeWhole } from "./disk/disk-node.ts";
import { makeFolder } from "./disk/folder-node.ts";
import { lockFolder } from "./disk/lock-node.ts";
import { removeLeftOvers } from "./disk/temporary-node.ts";
import { LstmkitError } from "./errors.ts";
import type { CheckpointStore } from "./train/checkpoint.ts";

const NAME = /^checkpoint-(\d{9})\.safetensors$/;
const KEPT = 2;

/**
 * Checkpoints for {@link FitOptions.checkpoint} in a folder, which is made by the first; of a folder per run. Each is
 * written under a temporary name, synced, renamed, and its folder synced; then those before the last two are removed.
 * `lstmkit inspect` and `load()` open one as the model that it holds. While a fit runs, a file `lock` keeps others out.
 *
 * @param folder its path, or a `file:` URL
 * @throws BAD_ARGUMENT for what is no path; its calls FILE_UNREADABLE, FILE_UNWRITABLE, and BUSY where another run has it
 */
export function folderCheckpoints(folder: FilePath): CheckpointStore {
  const path = resolve(pathOf(folder));
  const file = (number: number) => join(path, `checkpoint-${String(number).padStart(9, "0")}.safetensors`);
  /** Newest first. */
  const numbers = async (): Promise<number[]> => {
    const names = await reading(path, () => readdir(path)).catch((error: unknown) => {
      if (error instanceof LstmkitError && error.code === "FILE_NOT_FOUND") return [];
      throw error;
    });
    return names
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
  };
  /** That of the one before, once it is known. */
  let last: number | undefined;
  let unlock: (() => Promise<void>) | undefined;
  return {
    async lock() {
      unlock = await lockFolder(path);
      return async () => {
        await unlock?.();
        unlock = undefined;
      };
    },
    async read() {
      const found = await Promise.all(
        // One that cannot be read is a damaged one: no bytes are no checkpoint.
        (await numbers()).map((number) => readBytes(file(number)).catch(() => new Uint8Array(0))),
      );
      return found;
    },
    async write(checkpoint) {
      try {
        await makeFolder(path);
      } catch (cause) {
        throw new LstmkitError(
          "FILE_UNWRITABLE",
          `the folder ${path} cannot be made (${(cause as NodeJS.ErrnoException).code}); wanted one that this user may write to.`,
          { cause },
        );
      }
      last ??= (await numbers())[0] ?? 0;
      await writeWhole(file(last + 1), checkpoint);
      last++;
      for (const number of (await numbers()).slice(KEPT)) await rm(file(number), { force: true });
    },
    async clear() {
      const found = await numbers();
      for (const number of found) await rm(file(number), { force: true });
      // What one that was killed has left of its trial before the first, and of the one that was to be the next.
      for (const number of [0, (found[0] ?? 0) + 1]) await removeLeftOvers(file(number));
      await unlock?.();
      unlock = undefined;
      await rmdir(path).catch(() => undefined); // there may be something of somebody else's in it
    },
  };
}
