/** Bytes in the forms in which hosts have them: one reader for every call that takes some. */
import { LstmkitError } from "./errors.ts";
import { show } from "./options.ts";

/** A Uint8Array, any other view of a buffer (a Node.js Buffer is one), or a buffer. */
export type Bytes = ArrayBufferView | ArrayBufferLike;

/** A file that was chosen or dropped, or the answer of a server: a Blob, a File, a Response. */
export interface BytesFile {
  arrayBuffer(): Promise<ArrayBuffer>;
}

export const BYTES_WANTED = "a Uint8Array, another view of a buffer or an ArrayBuffer";
const WANTED_LATER = `${BYTES_WANTED}; or a Blob or a Response`;

/**
 * The bytes that a caller gave, in the place where they lie. Memory that threads share is copied: another thread
 * could write to it, and decoders do not take it.
 *
 * @param given the caller's, whatever that is
 * @param call as its user knows it, such as `decodeText()`
 * @throws BAD_ARGUMENT for what has no bytes, or has given them away
 */
export function bytesOf(given: unknown, call: string, wanted = BYTES_WANTED): Uint8Array<ArrayBuffer> {
  if (!isBytes(given)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call} was given ${show(given)} for its bytes; wanted ${wanted}.`,
    );
  }
  const bytes = viewOf(given);
  if (!bytes) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${call} was given ${show(given)} whose buffer is detached: its bytes were moved elsewhere, as postMessage() and transfer() do. Give a copy away.`,
    );
  }
  return isShared(bytes.buffer) ? new Uint8Array(bytes) : (bytes as Uint8Array<ArrayBuffer>);
}

/**
 * The same for a call that can wait: for a Blob, a File or a Response as well. A promise only of these: other bytes
 * are there before the caller can change them.
 *
 * @throws BAD_ARGUMENT; FILE_UNREADABLE for a file that is gone, and a Response that is no success or was read before
 */
export function allBytesOf(
  given: unknown,
  call: string,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  return isBytesFile(given) ? readBytes(given, call) : bytesOf(given, call, WANTED_LATER);
}

async function readBytes(given: BytesFile, call: string): Promise<Uint8Array<ArrayBuffer>> {
  const { ok, status } = given as Partial<{ ok: unknown; status: unknown }>;
  if (ok === false) {
    throw new LstmkitError(
      "FILE_UNREADABLE",
      `${call} was given an answer with status ${show(status)}${addressOf(given)}; wanted one of success. Check the address.`,
    );
  }
  let buffer: unknown;
  try {
    buffer = await given.arrayBuffer();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : show(cause);
    throw new LstmkitError(
      "FILE_UNREADABLE",
      `${call} could not read the bytes of ${show(given)}${addressOf(given)}: ${reason}. An answer can be read once; a file has to stay as it was.`,
      { cause },
    );
  }
  return bytesOf(buffer, call);
}

/** Whether {@link bytesOf} takes it. */
export function isBytes(given: unknown): given is Bytes {
  return ArrayBuffer.isView(given) || /^\[object (Shared)?ArrayBuffer\]$/.test(kindOf(given));
}

/** Whether it is a Blob, a File or a Response, of whatever realm. */
export function isBytesFile(given: unknown): given is BytesFile {
  return (
    typeof given === "object" &&
    given !== null &&
    typeof (given as Partial<BytesFile>).arrayBuffer === "function"
  );
}

/** Undefined where the buffer is detached, or something else that calls itself a buffer. */
function viewOf(given: Bytes): Uint8Array | undefined {
  try {
    if (!ArrayBuffer.isView(given)) {
      const bytes = new Uint8Array(given);
      return bytes.buffer === given ? bytes : undefined;
    }
    const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
    // The object itself where it will do: transfer() may have marked it. Not a Buffer, whose slice() copies nothing.
    return Object.getPrototypeOf(given) === Uint8Array.prototype ? (given as Uint8Array) : bytes;
  } catch {
    return undefined;
  }
}

const kindOf = (value: unknown) => Object.prototype.toString.call(value);
const isShared = (buffer: ArrayBufferLike) => kindOf(buffer) === "[object SharedArrayBuffer]";

function addressOf(given: object): string {
  const url = (given as { url?: unknown }).url;
  return typeof url === "string" && url !== "" ? ` from ${show(url)}` : "";
}
