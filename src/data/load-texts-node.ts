/** Texts from files and folders, and the one that ships with the package. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FilePath, MOST_TEXT, pathOf, readBytes, reading } from "../disk/disk-node.ts";
import { packagedFile } from "../disk/packaged-node.ts";
import { LstmkitError } from "../errors.ts";
import { aString, checkOptions, show } from "../options.ts";
import { decodeWhole } from "./decode-text.ts";
import { mobyDickFromBytes } from "./moby-dick.ts";

/** Options of `loadTexts()`. */
export interface LoadTextsOptions {
  /** As decodeText() has it. Default: UTF-8, or UTF-16 where a mark says so. */
  readonly encoding?: string;
}

const LOAD_TEXTS_OPTIONS = { encoding: { ...aString, fallback: undefined } };

/**
 * The texts of files, in their order; of a folder those of its `.txt` files, and of the folders in it, by their names.
 *
 * @param paths of files and folders, or `file:` URLs; one, or a list
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE; BAD_TEXT with the file, for bytes in another encoding; BAD_DATASET for an
 *   empty file, and for a folder without any `.txt`; BAD_ARGUMENT
 */
export async function loadTexts(
  paths: FilePath | readonly FilePath[],
  options: LoadTextsOptions = {},
): Promise<string[]> {
  const { encoding } = checkOptions<LoadTextsOptions, typeof LOAD_TEXTS_OPTIONS>(
    "loadTexts()",
    options,
    LOAD_TEXTS_OPTIONS,
  );
  const texts: string[] = [];
  for (const given of Array.isArray(paths) ? (paths as FilePath[]) : [paths as FilePath]) {
    const path = pathOf(given);
    const isFolder = (await reading(path, () => stat(path))).isDirectory();
    if (!isFolder) texts.push(await textOf(path, encoding));
    else for (const file of await textFiles(path)) texts.push(await textOf(file, encoding));
  }
  return texts;
}

async function textOf(path: string, encoding: string | undefined): Promise<string> {
  const bytes = await readBytes(path, MOST_TEXT);
  if (bytes.length === 0) {
    throw new LstmkitError("BAD_DATASET", `${show(path)} is empty; wanted a file with text.`);
  }
  try {
    return decodeWhole(bytes, encoding);
  } catch (cause) {
    if (!(cause instanceof LstmkitError) || cause.code !== "BAD_TEXT") throw cause;
    const { code, message } = cause;
    throw new LstmkitError(code, `${show(path)}, ${message.slice(code.length + 2)}`, { cause });
  }
}

async function textFiles(folder: string): Promise<string[]> {
  const names = await reading(folder, () => readdir(folder, { recursive: true }));
  const files = names.filter((name) => /\.txt$/i.test(name)).sort();
  if (files.length > 0) return files.map((name) => join(folder, name));
  throw new LstmkitError("BAD_DATASET", `the folder ${show(folder)} has no .txt file; wanted one at least.`);
}

/**
 * The text that ships with the package: see mobyDickFromBytes().
 *
 * @throws FILE_NOT_FOUND where the package's files are not, as in a bundle for Node; BAD_DATASET
 */
export async function loadMobyDick(): Promise<string> {
  const url = packagedFile(
    "moby-dick.bin",
    () => new URL("./moby-dick.bin", import.meta.url),
    "../../assets/",
    "give mobyDickFromBytes() the bytes of lstmkit/moby-dick.bin",
  );
  return mobyDickFromBytes(await readBytes(url));
}
