import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { LstmkitError } from "../errors.ts";
import { readBytes, writeWhole } from "../io/disk-node.ts";

/** A public file with known content. */
export interface DownloadSource {
  readonly url: string;
  /** The digest its publisher gives, as lower-case hexadecimal. */
  readonly checksum: { readonly algorithm: "sha256" | "md5"; readonly hex: string };
  /** Its length in bytes; more is not read. */
  readonly size: number;
}

/** How {@link cachedDownload} fetches. */
export interface DownloadOptions {
  /** Folder the file is kept in. Default {@link defaultCacheDir}. */
  readonly cacheDir?: string;
  /** Told after every piece, while something is fetched. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number) => void;
  /** Stops the download; nothing is left in the cache. */
  readonly signal?: AbortSignal;
  /** What to do without a connection; ends the message of OFFLINE. */
  readonly remedy?: string;
}

/**
 * The folder for downloads: LSTMKIT_CACHE, or "lstmkit" in the place the system keeps caches in
 * (XDG_CACHE_HOME or ~/.cache; ~/Library/Caches on macOS; LOCALAPPDATA on Windows).
 */
export function defaultCacheDir(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (env.LSTMKIT_CACHE) return env.LSTMKIT_CACHE;
  if (platform === "win32") return join(env.LOCALAPPDATA || join(homedir(), "AppData", "Local"), "lstmkit");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "lstmkit");
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "lstmkit");
}

/**
 * The bytes of a public file: from the cache if they are there and whole, else fetched, checked, and
 * put there. The cache never holds a part of a file under its name: bytes are checked first, and written whole
 * or not at all.
 *
 * @throws OFFLINE when the file cannot be fetched whole, BAD_CHECKSUM when it is not the expected
 * one, ABORTED when the signal fires, FILE_UNWRITABLE when the cache cannot be written
 */
export async function cachedDownload(
  source: DownloadSource,
  options: DownloadOptions = {},
): Promise<Uint8Array> {
  const { cacheDir = defaultCacheDir(), signal } = options;
  throwIfAborted(signal);
  const path = join(cacheDir, basename(new URL(source.url).pathname));
  const cached = await readBytes(path, source.size).catch(() => undefined);
  // A damaged copy counts as none; the rename below replaces it.
  if (cached && digestOf(source, cached) === source.checksum.hex) return cached;

  const bytes = await fetchChecked(source, options);
  try {
    await mkdir(cacheDir, { recursive: true });
    await writeWhole(path, bytes);
  } catch (cause) {
    throw new LstmkitError(
      "FILE_UNWRITABLE",
      `the cache folder ${cacheDir} cannot be written (${reason(cause)}). Name another one with cacheDir, or in LSTMKIT_CACHE.`,
      { cause },
    );
  }
  return bytes;
}

async function fetchChecked(source: DownloadSource, options: DownloadOptions): Promise<Uint8Array> {
  const { url, size, checksum } = source;
  const bytes = new Uint8Array(size);
  let received = 0;
  try {
    const response = await fetch(url, { signal: options.signal ?? null });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    for await (const piece of response.body) {
      if (received + piece.length > size) throw wrongContent(source, `more than ${size} bytes`);
      bytes.set(piece, received);
      received += piece.length;
      options.onProgress?.(received, size);
    }
    if (received < size) throw new Error(`it ended after ${received} of ${size} bytes`);
  } catch (cause) {
    throwIfAborted(options.signal);
    if (cause instanceof LstmkitError) throw cause;
    throw new LstmkitError(
      "OFFLINE",
      `${url} could not be fetched: ${reason(cause)}. ${options.remedy ?? "Try again with a connection."}`,
      { cause },
    );
  }
  const found = digestOf(source, bytes);
  if (found !== checksum.hex) throw wrongContent(source, `${checksum.algorithm} ${found}`);
  return bytes;
}

function digestOf({ checksum }: DownloadSource, bytes: Uint8Array): string {
  return createHash(checksum.algorithm).update(bytes).digest("hex");
}

function wrongContent({ url, checksum }: DownloadSource, found: string): LstmkitError {
  return new LstmkitError(
    "BAD_CHECKSUM",
    `${url} gave ${found}; wanted ${checksum.algorithm} ${checksum.hex}. Nothing was kept. Try again, or fetch the file by another way and name it.`,
  );
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new LstmkitError("ABORTED", "the download was stopped by its signal; nothing was kept.", {
    cause: signal.reason,
  });
}

/** fetch() says only "fetch failed"; what happened stands in its cause. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? reason(cause.cause) : cause.message || cause.name;
}
