/** Files that grow while a program runs: logs. */
import { appendFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { type FilePath, pathOf } from "./disk-node.ts";
import { makeFolder } from "./folder-node.ts";

/**
 * Begin a file: make its folder where there is none, and empty the file unless it is to be kept.
 *
 * @returns how many bytes it holds
 * @throws BAD_ARGUMENT for what is no path; FILE_UNWRITABLE
 */
export function beginFile(given: FilePath, keep: boolean): Promise<number> {
  return writing(given, async (path) => {
    await makeFolder(dirname(path));
    await writeFile(path, "", { flag: keep ? "a" : "w" });
    return (await stat(path)).size;
  });
}

/** @throws BAD_ARGUMENT for what is no path; FILE_UNWRITABLE */
export function makeFolderOf(given: FilePath): Promise<void> {
  return writing(given, async (path) => makeFolder(dirname(path)));
}

/** @throws FILE_UNWRITABLE */
export function appendTo(given: FilePath, content: string | Uint8Array): Promise<void> {
  return writing(given, (path) => appendFile(path, content));
}

async function writing<T>(given: FilePath, work: (path: string) => Promise<T>): Promise<T> {
  const path = pathOf(given);
  try {
    return await work(path);
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new LstmkitError(
      "FILE_UNWRITABLE",
      `${show(path)} cannot be written (${why}); wanted the path of a file that this user may write to.`,
      { cause },
    );
  }
}
