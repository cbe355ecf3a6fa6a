/** Bytes as callers have them. */
import { LstmkitError } from "./errors.ts";
import { show } from "./options.ts";

/** What holds bytes that can be read at once. */
export type Bytes = ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

/** What gives its bytes when asked: a Blob, a File, a Response. */
export interface BytesSource {
  arrayBuffer(): Promise<ArrayBuffer>;
}

const refuse = (given: unknown, call: string, wanted: string) =>
  new LstmkitError("BAD_ARGUMENT", `${call} was given ${show(given)}; it takes ${wanted}.`);

/**
 * The bytes, not copied.
 *
 * @param call as its user knows it, such as `load()`
 * @throws BAD_ARGUMENT
 */
export function bytesOf(given: unknown, call: string): Uint8Array {
  if (given instanceof Uint8Array) return given;
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  if (isBuffer(given)) return new Uint8Array(given);
  throw refuse(given, call, "bytes: a Uint8Array, another view, or an ArrayBuffer");
}

/** As bytesOf, and of a Blob, a File or a Response. @throws BAD_ARGUMENT; what reading them throws */
export async function allBytesOf(given: unknown, call: string): Promise<Uint8Array> {
  if (ArrayBuffer.isView(given) || isBuffer(given)) return bytesOf(given, call);
  if (typeof given === "object" && given !== null && "arrayBuffer" in given) {
    const source = given as BytesSource;
    if (typeof source.arrayBuffer === "function") return new Uint8Array(await source.arrayBuffer());
  }
  throw refuse(given, call, "bytes: a Uint8Array, another view, an ArrayBuffer, a Blob or a Response");
}

/** Of any realm: a page's frames and Node's contexts have classes of their own. */
function isBuffer(given: unknown): given is ArrayBuffer | SharedArrayBuffer {
  const kind = Object.prototype.toString.call(given);
  return kind === "[object ArrayBuffer]" || kind === "[object SharedArrayBuffer]";
}
