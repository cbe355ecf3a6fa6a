/** Files of a disk that are read in pieces, and the index of their rows. */
import { randomBytes } from "node:crypto";
import { close, constants, fstat, open, read, readSync, rmSync, type Stats, write } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { checkReadable, type FilePath, pathOf, reading } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import { aString, checkOptions, show } from "../../options.ts";
import { type IndexStore, type SeekableBytes, wasChanged } from "./byte-file.ts";

const files = {
  open: promisify(open),
  stat: promisify<number, Stats>(fstat),
  read: promisify(read) as unknown as (
    file: number,
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ bytesRead: number }>,
  write: promisify(write) as unknown as (
    file: number,
    from: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ bytesWritten: number }>,
  close: promisify(close),
};

/** Options of `fileBytes()`. */
export interface FileBytesOptions {
  /**
   * Folder for an index of rows that is larger than 16 MiB, some 1.4 million rows: 12 bytes a row, in a file that is gone
   * with the process. Default: the system's for temporary files.
   */
  readonly scratch?: string;
}

const OPTIONS = { scratch: { ...aString, fallback: undefined } };

/** A file that is read in pieces. */
export interface FileBytes extends SeekableBytes {
  /** Without its folder. */
  readonly name: string;
  /** No more is read. */
  close(): Promise<void>;
}

/**
 * A file that streamTexts(), streamNumbers() and their like read in pieces, whatever its size. It is open until close().
 *
 * @param given its path, or a `file:` URL
 * @throws BAD_ARGUMENT for what is no path; FILE_NOT_FOUND, FILE_UNREADABLE; its reads FILE_UNREADABLE where the file is
 *   no longer what it was
 */
export async function fileBytes(given: FilePath, options: FileBytesOptions = {}): Promise<FileBytes> {
  const { scratch } = checkOptions<FileBytesOptions, typeof OPTIONS>("fileBytes()", options, OPTIONS);
  const path = pathOf(given);
  return reading(path, async () => {
    const file = await files.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    let first: Stats;
    try {
      first = await files.stat(file);
      checkReadable(path, first, Number.MAX_SAFE_INTEGER);
    } catch (error) {
      await files.close(file);
      throw error;
    }
    let isOpen = true;
    let looked = performance.now();
    const check = async () => {
      if (!isOpen)
        throw new LstmkitError("DISPOSED", `${show(path)} was closed; open it again by fileBytes().`);
      if (performance.now() - looked < LOOK_EVERY) return;
      looked = performance.now();
      const { size, mtimeMs } = await files.stat(file);
      if (size !== first.size || mtimeMs !== first.mtimeMs) throw wasChanged();
    };
    return {
      name: basename(path),
      size: first.size,
      slice: (start, end) => ({
        arrayBuffer: () =>
          reading(path, async () => {
            await check();
            return (await readPart(file, start, end)).buffer;
          }),
      }),
      openIndex: () => spillStore(scratch ?? tmpdir()),
      async close() {
        if (!isOpen) return;
        isOpen = false;
        await files.close(file);
      },
    };
  });
}

/** Milliseconds between two looks whether a file is what it was. */
const LOOK_EVERY = 1000;

/** Bytes that are read at once: a row takes a microsecond or two so, and twenty by way of another thread. */
const SHORT = 2 ** 14;

/** @throws FILE_UNREADABLE where there is less */
async function readPart(file: number, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(to - from);
  for (let got = 0; got < bytes.length; ) {
    const wanted = bytes.length - got;
    const bytesRead =
      bytes.length <= SHORT
        ? readSync(file, bytes, got, wanted, from + got)
        : (await files.read(file, bytes, got, wanted, from + got)).bytesRead;
    if (bytesRead === 0) throw wasChanged();
    got += bytesRead;
  }
  return bytes;
}

/** Bytes of an index that are held in memory. */
const HELD = 2 ** 24;

/** In memory as long as it is small, then in a file without a name, where the system has such. */
function spillStore(folder: string): IndexStore {
  let held: Uint8Array[] = [];
  let size = 0;
  let spilt: { readonly file: number; readonly path: string | null } | null = null;
  const put = async (bytes: Uint8Array, position: number) => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await files.write(
        spilt!.file,
        bytes,
        done,
        bytes.length - done,
        position + done,
      );
      done += bytesWritten;
    }
  };
  const remove = () => {
    if (spilt?.path != null) rmSync(spilt.path, { force: true });
  };
  return {
    async append(bytes) {
      try {
        if (!spilt && size + bytes.length > HELD) {
          spilt = await openScratch(folder);
          if (spilt.path !== null) process.once("exit", remove);
          let at = 0;
          for (const one of held) {
            await put(one, at);
            at += one.length;
          }
          held = [];
        }
        if (spilt) await put(bytes, size);
        else held.push(bytes);
      } catch (cause) {
        throw new LstmkitError(
          "FILE_UNWRITABLE",
          `the index of the file's rows cannot be written to ${show(folder)} (${(cause as NodeJS.ErrnoException).code}); wanted a folder with room for 12 bytes a row. Name another: fileBytes(path, { scratch }).`,
          { cause },
        );
      }
      size += bytes.length;
    },
    async read(from, to) {
      if (spilt) return readPart(spilt.file, from, to);
      const found = new Uint8Array(to - from);
      let start = 0;
      for (const one of held) {
        const [first, last] = [Math.max(from, start), Math.min(to, start + one.length)];
        if (first < last) found.set(one.subarray(first - start, last - start), first - from);
        start += one.length;
        if (start >= to) break;
      }
      return found;
    },
    async close() {
      const own = spilt;
      held = [];
      spilt = null;
      if (!own) return;
      await files.close(own.file);
      if (own.path !== null) {
        process.off("exit", remove);
        await rm(own.path, { force: true });
      }
    },
  };
}

/** @returns its path where it could not be taken away at once: Windows keeps the names of open files */
async function openScratch(folder: string): Promise<{ file: number; path: string | null }> {
  const path = join(folder, `lstmkit-${process.pid}-${randomBytes(6).toString("hex")}.index`);
  const file = await files.open(path, "wx+", 0o600);
  const isGone = await rm(path).then(
    () => true,
    () => false,
  );
  return { file, path: isGone ? null : path };
}
