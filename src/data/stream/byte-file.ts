/** Files that no memory holds: their bytes piece by piece, or from anywhere. */
import { BYTES_WANTED, type Bytes, bytesOf, isBytes } from "../../bytes.ts";
import { LstmkitError } from "../../errors.ts";
import { show } from "../../options.ts";

/** Bytes that are written one after the other and read anywhere: memory, or a file that goes with its process. */
export interface IndexStore {
  /** Keep these behind all others. */
  append(bytes: Uint8Array): void | Promise<void>;
  /** Those from one byte up to another. */
  read(from: number, to: number): Uint8Array | Promise<Uint8Array>;
  /** Nobody asks for them again. */
  close(): void | Promise<void>;
}

/** Bytes that can be read anywhere: a Blob, the File of a page, `fileBytes(path)` in Node, or an object like these. */
export interface SeekableBytes {
  readonly size: number;
  /** Those from `start` up to `end`. */
  slice(start: number, end: number): BytePart;
  /** Where an index of rows is kept. Default: in memory, 12 bytes a row. */
  openIndex?(): IndexStore;
}

/** What a stream of bytes is read by. */
export interface ByteReader {
  /** The next of its bytes, or that there are no more. */
  read(): Promise<{ done: boolean; value?: unknown }>;
  /** Nobody wants the rest. */
  cancel(): Promise<void>;
}

/** A part of a file. */
export interface BytePart {
  /** Its bytes, all at once. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A ReadableStream, such as the body of an answer. */
export interface ReadableBytes {
  /** Read it, which nobody else can do meanwhile. */
  getReader(): ByteReader;
}

/** A stream of bytes: a ReadableStream, such as the body of an answer, or an iterable. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableBytes;

/** Bytes that are read from their beginning, at each call anew: `async () => (await fetch(url)).body`. */
export type StreamedBytes = () => ByteStream | null | Promise<ByteStream | null>;

/** What a CSV file may be given as, to be read in pieces. */
export type CsvSource = string | Bytes | SeekableBytes | StreamedBytes;

/** One reader for all of them. */
export interface ByteFile {
  /** Undefined where nobody knows before the end. */
  readonly size: number | undefined;
  /** All of it, from its beginning. @throws FILE_UNREADABLE; what a stream of the caller's throws */
  pieces(): AsyncGenerator<Uint8Array>;
  /** A part of it; null where it is read from its beginning alone. @throws FILE_UNREADABLE */
  readonly read: ((from: number, to: number) => Promise<Uint8Array>) | null;
  openIndex: (() => IndexStore) | undefined;
}

/** Bytes that are read at once. */
const PIECE = 2 ** 18;

/** @param call as its user knows it. @throws BAD_ARGUMENT */
export function byteFile(given: CsvSource, call: string): ByteFile {
  if (typeof given === "function") return ofStream(given, call);
  if (typeof given === "string") return ofBytes(new TextEncoder().encode(given));
  if (isBytes(given)) return ofBytes(bytesOf(given, call));
  const { size, slice } = Object(given) as Partial<SeekableBytes>;
  if (!Number.isSafeInteger(size) || Number(size) < 0 || typeof slice !== "function") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call} was given ${show(given)} for its file; wanted a string, ${BYTES_WANTED}, a Blob or a File, fileBytes(path) in Node, or a function that gives a stream of bytes.`,
    );
  }
  return ofSeekable(given);
}

function ofBytes(bytes: Uint8Array): ByteFile {
  return {
    size: bytes.length,
    async *pieces() {
      for (let from = 0; from < bytes.length; from += PIECE) yield bytes.subarray(from, from + PIECE);
    },
    read: async (from, to) => bytes.subarray(from, to),
    openIndex: undefined,
  };
}

function ofSeekable(given: SeekableBytes): ByteFile {
  const { size } = given;
  const read = async (from: number, to: number) => {
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(await given.slice(from, to).arrayBuffer());
    } catch (cause) {
      if (cause instanceof LstmkitError) throw cause;
      const reason = cause instanceof Error ? cause.message : show(cause);
      throw new LstmkitError(
        "FILE_UNREADABLE",
        `bytes ${from} to ${to} of the file cannot be read: ${reason}. It has to stay as it was until the end.`,
        { cause },
      );
    }
    if (bytes.length !== to - from || given.size !== size) throw wasChanged();
    return bytes;
  };
  return {
    size,
    async *pieces() {
      for (let from = 0; from < size; from += PIECE) yield await read(from, Math.min(from + PIECE, size));
    },
    read,
    openIndex: given.openIndex && (() => given.openIndex!()),
  };
}

function ofStream(open: StreamedBytes, call: string): ByteFile {
  const refuse = (found: string) =>
    new LstmkitError(
      "BAD_ARGUMENT",
      `${call}: the function of a stream gave ${found}; wanted a ReadableStream or an iterable of Uint8Arrays, a new one at each call.`,
    );
  /** Bytes of all readings. */
  let seen = 0;
  return {
    size: undefined,
    async *pieces() {
      const before = seen;
      for await (const bytes of streamPieces(await open(), refuse)) {
        if (!ArrayBuffer.isView(bytes)) throw refuse(show(bytes));
        seen += bytes.byteLength;
        yield bytesOf(bytes, call);
      }
      if (before > 0 && seen === before) throw refuse("one that was read before");
    },
    read: null,
    openIndex: undefined,
  };
}

async function* streamPieces(
  stream: unknown,
  refuse: (found: string) => LstmkitError,
): AsyncGenerator<unknown> {
  const { locked, getReader } = Object(stream) as { locked?: unknown; getReader?: unknown };
  if (locked === true) throw refuse("one that another reads");
  if (Symbol.asyncIterator in Object(stream)) {
    yield* stream as AsyncIterable<unknown>;
    return;
  }
  if (typeof getReader !== "function") throw refuse(show(stream));
  // Engines without an iterator of streams.
  const reader = (stream as Extract<ByteStream, { getReader(): unknown }>).getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isOver) reader.cancel().catch(() => {}); // nobody waits for that
  }
}

/** For a file that is not what it was when its rows were counted. */
export const wasChanged = () =>
  new LstmkitError(
    "FILE_UNREADABLE",
    "the file was changed since its rows were counted; wanted a file at rest. Begin anew.",
  );

/** A part that is wanted, from its first byte up to the one behind its last. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Bytes between two stretches that are read along: a call costs more. */
const GAP = 4096;
/** Bytes that are read by one call at most, unless a stretch is longer. */
const AT_ONCE = 2 ** 20;

/** The bytes of each stretch; those that lie close together are read by one call. */
export async function gather(
  stretches: readonly Stretch[],
  read: (from: number, to: number) => Promise<Uint8Array>,
): Promise<Uint8Array[]> {
  const found = new Array<Uint8Array>(stretches.length);
  const inOrder = stretches.map((_, i) => i).sort((a, b) => stretches[a]!.from - stretches[b]!.from);
  const reads: Promise<void>[] = [];
  for (let first = 0; first < inOrder.length; ) {
    const { from } = stretches[inOrder[first]!]!;
    let { to } = stretches[inOrder[first]!]!;
    let next = first + 1;
    for (; next < inOrder.length; next++) {
      const other = stretches[inOrder[next]!]!;
      if (other.from > to + GAP || Math.max(to, other.to) - from > AT_ONCE) break;
      to = Math.max(to, other.to);
    }
    const group = inOrder.slice(first, next);
    reads.push(
      read(from, to).then((bytes) => {
        for (const i of group) found[i] = bytes.subarray(stretches[i]!.from - from, stretches[i]!.to - from);
      }),
    );
    first = next;
  }
  await Promise.all(reads);
  return found;
}
