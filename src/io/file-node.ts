import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LstmkitError } from "../errors.ts";
import type { Runtime } from "../kit.ts";
import type { Model, SaveOptions } from "../train/model.ts";

/**
 * Write a model file, whole or not at all: the bytes go to a temporary file in the same folder, are
 * synced, and take the name last. A file that had the name is replaced.
 *
 * @throws FILE_UNWRITABLE, and nothing is left behind; what model.save() throws
 */
export async function saveModel(model: Model, path: string, options?: SaveOptions): Promise<void> {
  const bytes = await model.save(options);
  await writing(path, async (temporary) => {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  });
}

/**
 * Read a model file.
 *
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE; what runtime.load() throws
 */
export async function loadModel(runtime: Runtime, path: string): Promise<Model> {
  return runtime.load(await readBytes(path));
}

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new LstmkitError(
        "FILE_NOT_FOUND",
        `there is no ${path}. Check the path; it is taken from ${process.cwd()}.`,
        { cause },
      );
    }
    throw new LstmkitError(
      "FILE_UNREADABLE",
      `${path} cannot be read (${code}); wanted a file that this user may read.`,
      { cause },
    );
  }
}

/**
 * Find out before hours of training whether saveModel() could write there, by making a file and
 * removing it.
 *
 * @throws FILE_UNWRITABLE
 */
export async function checkWritable(path: string): Promise<void> {
  await writing(path, async (temporary) => {
    await (await open(temporary, "wx")).close();
    await rm(temporary);
  });
}

/** Runs `write` with the path of a temporary file, which is gone afterwards, whatever happens. */
async function writing(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.lstmkit-${randomUUID()}.tmp`);
  const remove = () => rmSync(temporary, { force: true });
  process.once("exit", remove); // process.exit() in the midst of the writing
  try {
    // rename() would put a file in the place of a device, such as /dev/null.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new Error("it is a folder");
    if (found && !found.isFile()) throw new Error("it is no regular file");
    await write(temporary);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new LstmkitError(
      "FILE_UNWRITABLE",
      `${path} cannot be written (${codeOf(cause)}); wanted the path of a file in a folder that exists and that this user may write to.`,
      { cause },
    );
  } finally {
    process.off("exit", remove);
  }
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause ? String(cause.code) : cause.message;
}
