/** Data of jobs: known by their SHA-256, found by path, by address, or by what they hold. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, readdir, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { defaultCacheDir } from "../../data/download-node.ts";
import { pathOf, reading, writeWhole } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import { show } from "../../options.ts";
import type { Blobs, DataFile } from "./jobs.ts";

/** Files and folders of a folder of data that are looked at in search of a fingerprint. */
const MOST_LOOKED_AT = 10_000;
/** What is fetched from an address is held in memory. */
const MOST_FETCHED = 2 ** 30;

export const isAddress = (place: string): boolean => /^https?:\/\//i.test(place);

/** By path, size and time of change: a file is read once for its fingerprint. */
const known = new Map<string, Promise<string>>();

/** SHA-256 of a file; of a folder that of the names in it with theirs. @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export async function fingerprintOf(path: string): Promise<Omit<DataFile, "place">> {
  const found = await reading(path, () => stat(path));
  if (!found.isDirectory()) {
    const key = `${path}\n${found.size}\n${found.mtimeMs}`;
    const sha256 = known.get(key) ?? reading(path, () => hashOf(path));
    known.set(key, sha256);
    sha256.catch(() => known.delete(key));
    return { sha256: await sha256, bytes: found.size, isFolder: false };
  }
  const hash = createHash("sha256");
  let bytes = 0;
  const names = (await reading(path, () => readdir(path))).filter((name) => !name.startsWith(".")).sort();
  for (const name of names) {
    const inside = await fingerprintOf(join(path, name));
    hash.update(`${JSON.stringify(name)} ${inside.sha256}\n`);
    bytes += inside.bytes;
  }
  return { sha256: hash.digest("hex"), bytes, isFolder: true };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** The data file behind a path or an address. @throws FILE_NOT_FOUND, FILE_UNREADABLE, OFFLINE */
export async function dataFile(place: string): Promise<DataFile> {
  if (!isAddress(place)) return { place: resolve(place), ...(await fingerprintOf(pathOf(place))) };
  const bytes = await fetched(place);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await keep(cachedPath(place, sha256), bytes);
  return { place, sha256, bytes: bytes.length, isFolder: false };
}

const cachedPath = (place: string, sha256: string) =>
  join(defaultCacheDir(), "data", sha256, basename(isAddress(place) ? new URL(place).pathname : place));

async function keep(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(resolve(path, ".."), { recursive: true });
  await writeWhole(path, bytes);
}

async function fetched(address: string): Promise<Uint8Array> {
  try {
    const response = await fetch(address);
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of response.body) {
      length += piece.length;
      if (length > MOST_FETCHED) throw new Error(`it has more than ${MOST_FETCHED} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces, length);
  } catch (cause) {
    const why =
      cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    throw new LstmkitError(
      "OFFLINE",
      `${address} could not be fetched: ${why}. Fetch it by another way and name the file.`,
      { cause },
    );
  }
}

/** Where a process finds the data of jobs. */
export class DataFinder {
  readonly #folder: string | null;
  readonly #blobs: Blobs;

  /** @param folder of data on this machine, looked through for what is not at its own path */
  constructor(folder: string | null, blobs: Blobs) {
    this.#folder = folder;
    this.#blobs = blobs;
  }

  /** A path here of what the job means. @throws FILE_NOT_FOUND, OFFLINE */
  async pathOf(file: DataFile): Promise<string> {
    const { place, sha256 } = file;
    const isRight = async (path: string) => {
      const found = await fingerprintOf(path).catch(() => undefined);
      return found?.sha256 === sha256;
    };
    if (!isAddress(place) && (await isRight(place))) return place;
    if (this.#folder !== null) {
      const named = join(this.#folder, basename(place));
      if (await isRight(named)) return named;
      const names = await readdir(this.#folder).catch(() => []);
      // The ending says how a file is read.
      const alike = names.filter((name) => extname(name) === extname(basename(place)));
      for (const name of alike.slice(0, MOST_LOOKED_AT)) {
        const path = join(this.#folder, name);
        const found = await stat(path).catch(() => undefined);
        if (found && (found.isDirectory() || found.size === file.bytes) && (await isRight(path))) return path;
      }
    }
    if (file.isFolder) throw this.#notFound(file);
    const cached = cachedPath(place, sha256);
    if (await isRight(cached)) return cached;
    const sent = await this.#blobs.get(fileName(file));
    if (sent) {
      await keep(cached, sent);
      return cached;
    }
    if (!isAddress(place)) throw this.#notFound(file);
    const bytes = await fetched(place);
    const found = createHash("sha256").update(bytes).digest("hex");
    if (found !== sha256) {
      throw new LstmkitError(
        "BAD_CHECKSUM",
        `${place} gives other data by now: SHA-256 ${found}; the sweep was made with ${sha256}. Begin a new sweep, or keep the file.`,
      );
    }
    await keep(cached, bytes);
    return cached;
  }

  #notFound({ place, sha256 }: DataFile): LstmkitError {
    const where = this.#folder === null ? "" : `, nor in ${this.#folder}`;
    return new LstmkitError(
      "FILE_NOT_FOUND",
      `the data ${show(basename(place))} (SHA-256 ${sha256.slice(0, 16)}…) are not at ${place}${where}. Share that path, put them in a folder and give the worker --data, give the sweep an address, or let it send them (--send).`,
    );
  }
}

/** The name of a data file's bytes among the blobs. */
export const fileName = ({ sha256 }: DataFile): string => `file.${sha256}`;

/** Whether there is something at a path. */
export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
