/** Files on disk: read with coded errors, written whole or not at all. */
import { constants, rmSync, type Stats } from "node:fs";
import { chmod, chown, type FileHandle, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { MAX_BYTES } from "../wasm/memory.ts";
import { removeLeftOvers, temporaryPath } from "./temporary-node.ts";

/** Where a file lies: a path, taken from the current folder, or a `file:` URL. */
export type FilePath = string | URL;

/** Bytes of text beyond which V8 has no string for it. */
export const MOST_TEXT = 2 ** 29 - 24;

/**
 * The bytes of a regular file. Pipes, devices and sockets are refused: they may never end, or wait for ever for
 * a writer.
 *
 * @param most bytes; default, what WebAssembly addresses, since a model does not become larger
 * @throws BAD_ARGUMENT for what is no path, FILE_NOT_FOUND, FILE_UNREADABLE, OUT_OF_MEMORY
 */
export async function readBytes(given: FilePath, most = MAX_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  const path = pathOf(given);
  return reading(path, async () => {
    // Before it is opened, because that lets a pipe's writer go on, and moves some devices.
    checkReadable(path, await stat(path), most);
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat(); // it may have become another one
      checkReadable(path, found, most);
      return await readWhole(path, file, found.size);
    } finally {
      await file.close();
    }
  });
}

/** @throws FILE_UNREADABLE for what is no regular file, or a longer one */
export function checkReadable(path: string, found: Stats, most: number): void {
  if (!found.isFile()) {
    const remedy = found.isDirectory() ? "Name a file in it" : "Write what it gives to a file first";
    throw unreadable(`${shown(path)} is ${kindOf(found)}; wanted a regular file. ${remedy}.`);
  }
  if (found.size > most) {
    throw unreadable(`${shown(path)} has ${found.size} bytes; wanted a file of ${most} at most.`);
  }
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a pipe";
  if (found.isSocket()) return "a socket";
  return "a device";
}

/** One read takes no more on Linux. */
const PIECE = 2 ** 30;

async function readWhole(path: string, file: FileHandle, size: number): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(size + 1); // one more than is there, to see whether it has grown
  } catch (cause) {
    throw new LstmkitError(
      "OUT_OF_MEMORY",
      `${shown(path)} has ${size} bytes, and the host has no memory for them. Close other programs, or use a smaller file.`,
      { cause },
    );
  }
  let length = 0;
  let got: number;
  do {
    const wanted = Math.min(size + 1 - length, PIECE);
    got = (await file.read(bytes, length, wanted, length)).bytesRead;
    length += got;
  } while (got > 0 && length < size);
  if (length !== size) {
    throw unreadable(`${shown(path)} was changed while it was read; wanted a file at rest. Try again.`);
  }
  return bytes.subarray(0, size);
}

/** Whether two paths lead to one file, by whatever links. @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export async function isSameFile(one: FilePath, other: FilePath): Promise<boolean> {
  const [a, b] = await Promise.all(
    [one, other].map(pathOf).map((path) => reading(path, () => stat(path, { bigint: true }))),
  );
  return a!.dev === b!.dev && a!.ino === b!.ino;
}

/** What `read` gives; its failure becomes FILE_NOT_FOUND or FILE_UNREADABLE. */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof LstmkitError) throw cause;
    const code = codeOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new LstmkitError(
        "FILE_NOT_FOUND",
        `there is no ${shown(path)}. Check the path${fromWhere(path)}.`,
        { cause },
      );
    }
    throw unreadable(
      `${shown(path)} cannot be read (${code}); wanted a file that this user may read.`,
      cause,
    );
  }
}

function fromWhere(path: string): string {
  if (isAbsolute(path)) return "";
  try {
    return `; it is taken from ${process.cwd()}`;
  } catch {
    return "; the current folder, from which it is taken, is gone";
  }
}

function unreadable(message: string, cause?: unknown): LstmkitError {
  return new LstmkitError("FILE_UNREADABLE", message, { cause });
}

/** @throws BAD_ARGUMENT */
export function pathOf(given: FilePath): string {
  let path: unknown = given;
  try {
    if (given instanceof URL) path = fileURLToPath(given);
  } catch {} // of another scheme, or with a host
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `the path of a file is ${given instanceof URL ? show(given.href) : show(given)}; wanted a string, neither empty nor with NUL in it, or a file: URL.`,
  );
}

const LONGEST_SHOWN = 300;

/** A path in a message: on one line, and not for ever. */
const shown = (path: string): string =>
  path.replace(/\p{Cc}/gu, "?").replace(new RegExp(`^(.{${LONGEST_SHOWN}}).+$`, "su"), "$1…");

/**
 * Write a file whole or not at all: the bytes go to a temporary file in the same folder, are synced, and take the
 * name last. A file that had the name is replaced, if this user may write to it, and the new one has its mode,
 * and its owner and group where this user may give them; a symbolic link stays one, and what it points to is
 * replaced. Hard links keep the old file; access control lists and extended attributes are not kept.
 *
 * @throws BAD_ARGUMENT for what is no path; FILE_UNWRITABLE, and nothing is left behind
 */
export async function writeWhole(given: FilePath, bytes: Uint8Array): Promise<void> {
  await put(pathOf(given), bytes);
}

/**
 * Find out before hours of training whether writeWhole() could write there, by all that it does short of
 * writing and renaming.
 *
 * @throws BAD_ARGUMENT, FILE_UNWRITABLE
 */
export async function checkWritable(given: FilePath): Promise<void> {
  await put(pathOf(given), null);
}

/** Temporary files of writes that are under way. */
const underWay = new Set<string>();

/** process.exit() in the midst of a write. */
function removeAll(): void {
  for (const temporary of underWay) rmSync(temporary, { force: true });
}

/** @param bytes null only to try */
async function put(path: string, bytes: Uint8Array | null): Promise<void> {
  let temporary: string | undefined;
  if (!process.listeners("exit").includes(removeAll)) process.on("exit", removeAll);
  try {
    const target = await destination(path);
    const found = await replaceable(target);
    await removeLeftOvers(target);
    temporary = temporaryPath(target);
    underWay.add(temporary);
    // What is to become a secret file is one from the first byte on.
    const file = await open(temporary, "wx", found ? 0o600 : 0o666);
    try {
      if (found) await keepOwnerAndMode(temporary, found);
      if (bytes) {
        await file.writeFile(bytes);
        await file.sync();
      }
    } finally {
      await file.close();
    }
    if (bytes) {
      await rename(temporary, target);
      await syncFolder(dirname(target));
    } else await rm(temporary);
  } catch (cause) {
    if (temporary) await rm(temporary, { force: true }).catch(() => undefined);
    throw new LstmkitError(
      "FILE_UNWRITABLE",
      `${shown(path)} cannot be written (${codeOf(cause)}); wanted the path of a file in a folder that exists and that this user may write to.`,
      { cause },
    );
  } finally {
    if (temporary) underWay.delete(temporary);
  }
}

/** The path behind symbolic links, even where there is nothing yet. */
async function destination(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw cause;
    const link = await readlink(path).catch(() => null);
    return link === null ? path : destination(resolve(await realpath(dirname(path)), link));
  }
}

/** What is there, which may be replaced. */
async function replaceable(target: string): Promise<Stats | undefined> {
  const found = await stat(target).catch((cause: unknown) => {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw cause;
  });
  if (!found) return undefined;
  // rename() would put a file in the place of a device, such as /dev/null.
  if (!found.isFile()) throw new Error(`it is ${kindOf(found)}`);
  // Asks the system; access() does not everywhere.
  await (await open(target, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0))).close();
  return found;
}

async function keepOwnerAndMode(temporary: string, found: Stats): Promise<void> {
  const made = await stat(temporary);
  let mode = found.mode & 0o777; // as for a write in place, without the bits that run it as its owner
  if (made.uid !== found.uid || made.gid !== found.gid) {
    const isKept =
      (await tryChown(temporary, found.uid, found.gid)) || (await tryChown(temporary, made.uid, found.gid));
    // What the old group was granted is not for another one.
    if (!isKept) mode = (mode & 0o707) | (((mode & 0o007) << 3) & mode);
  }
  if ((made.mode & 0o777) !== mode) await chmod(temporary, mode);
}

/** Whether this user, and this file system, may do it. */
async function tryChown(path: string, uid: number, gid: number): Promise<boolean> {
  try {
    await chown(path, uid, gid);
    return true;
  } catch (cause) {
    if (["EPERM", "EINVAL", "ENOSYS", "ENOTSUP"].includes(codeOf(cause))) return false;
    throw cause;
  }
}

/** Makes a rename outlast a loss of power. Not every system has this for folders; a failing disk is told. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (["EIO", "ENOSPC", "EDQUOT"].includes(codeOf(cause))) throw cause;
  }
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause ? String(cause.code) : cause.message;
}
