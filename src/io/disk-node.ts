/** Files on disk: read with coded errors, written whole or not at all. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LstmkitError } from "../errors.ts";

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export function readBytes(path: string): Promise<Uint8Array> {
  return reading(path, () => readFile(path));
}

/** Whether two paths lead to one file, by whatever links. @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all(
    [one, other].map((path) => reading(path, () => stat(path, { bigint: true }))),
  );
  return a!.dev === b!.dev && a!.ino === b!.ino;
}

/** What `read` gives; its failure becomes FILE_NOT_FOUND or FILE_UNREADABLE. */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
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
 * Write a file whole or not at all: the bytes go to a temporary file in the same folder, are synced, and
 * take the name last. A file that had the name is replaced.
 *
 * @throws FILE_UNWRITABLE, and nothing is left behind
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
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
 * Find out before hours of training whether writeWhole() could write there, by making a file and
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
