/**
 * The safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header,
 * then the tensors' bytes, little-endian. Only F32 and I8 are written and read: a model has nothing else.
 */
import { LstmkitError } from "../errors.ts";
import { checkStructure, JsonError, parseJson } from "../json.ts";
import { show } from "../options.ts";

/** One of a file: F32, or I8. */
export interface FileTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int8Array;
}

/** What a file holds. */
export interface Safetensors {
  readonly tensors: FileTensor[];
  readonly metadata: Record<string, string>;
}

/** Whether numbers lie in memory as they do in a file. */
const isLittleEndian = () => new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The limit that the reference implementation sets on the header. */
const MAX_HEADER = 100_000_000;

/**
 * Tensors and metadata → the bytes of a file, tensors in the given order.
 *
 * @throws BAD_ARGUMENT for a header that would not be read again
 */
export function encodeSafetensors({ tensors, metadata }: Safetensors): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = [["__metadata__", metadata]];
  let end = 0;
  for (const { name, shape, data } of tensors) {
    const dtype = data instanceof Int8Array ? "I8" : "F32";
    header.push([name, { dtype, shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  // fromEntries makes a property even of __proto__, which an assignment does not.
  const text = JSON.stringify(Object.fromEntries(header));
  try {
    checkStructure(text);
  } catch (cause) {
    const why = (cause as JsonError).message;
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the header ${why}, and would not be read. Keep less in the metadata.`,
      {
        cause,
      },
    );
  }
  const json = new TextEncoder().encode(text);
  if (json.length > MAX_HEADER) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the metadata make a header of ${json.length} bytes; a file may have ${MAX_HEADER}. Keep less in the metadata.`,
    );
  }
  const start = 8 + Math.ceil(json.length / 8) * 8; // spaces behind the JSON align the data
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const { data } of tensors) {
    if (data instanceof Int8Array || isLittleEndian())
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    else for (const [i, value] of data.entries()) view.setFloat32(at + i * 4, value, true);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * The bytes of a file → its tensors, in the order of their data.
 *
 * @throws BAD_MODEL_FILE when the file is cut short or its header does not describe its bytes exactly;
 *   OUT_OF_MEMORY
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { header, start } = readHeader(bytes);
  const metadata = header.__metadata__ ?? {};
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw damaged("the header's __metadata__ is not a map of strings");
  }
  const length = bytes.length - start;
  const places = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, description]) => placeOf(name, description, length))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  let end = 0;
  for (const { name, from, to } of places) {
    if (from !== end) {
      throw damaged(`tensor ${show(name)} begins at byte ${from}; the one before it ends at ${end}`);
    }
    end = to;
  }
  if (end !== length) throw damaged(`${length - end} bytes belong to no tensor`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  const tensors = places.map(({ name, dtype, shape, from, to }): FileTensor => {
    if (dtype === "I8")
      return { name, shape, data: new Int8Array(bytes.slice(start + from, start + to).buffer) };
    const data = numbers((to - from) / 4, name);
    for (let i = 0; i < data.length; i++) data[i] = view.getFloat32(from + i * 4, true);
    return { name, shape, data };
  });
  return { tensors, metadata: metadata as Record<string, string> };
}

interface Header {
  readonly header: Record<string, unknown>;
  /** Where the data begin. */
  readonly start: number;
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 8) {
    throw damaged(`the file has ${bytes.length} bytes; a header alone takes more than 8`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER || length > bytes.length - 8) {
    throw damaged(`the header claims ${length} bytes; ${bytes.length - 8} follow`);
  }
  const start = 8 + length;
  if (bytes[8] !== BRACE) throw damaged("the header is not a JSON object");
  let header: unknown;
  try {
    header = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw damaged(`the header ${cause instanceof JsonError ? cause.message : "is not UTF-8"}`, cause);
  }
  return { header: header as Header["header"], start };
}

/** What a header begins with; no space, no byte order mark. */
const BRACE = 0x7b;

/** Of a number of each type. */
const BYTES = { F32: 4, I8: 1 };

interface PlacedTensor {
  readonly name: string;
  readonly dtype: keyof typeof BYTES;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

function placeOf(name: string, description: unknown, length: number): PlacedTensor {
  const tensor = `tensor ${show(name)}`;
  if (!isObject(description)) throw damaged(`${tensor} has no description`);
  const { dtype, shape, data_offsets: offsets } = description;
  if (dtype !== "F32" && dtype !== "I8") {
    throw damaged(`${tensor} has dtype ${show(dtype)}; only F32 and I8 are read`);
  }
  if (!isSizes(shape)) throw damaged(`${tensor} has shape ${show(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) throw damaged(`${tensor} has offsets ${show(offsets)}`);
  const [from, to] = offsets as [number, number];
  const count = shape.reduce((a, b) => a * b, 1);
  if (to > length || to - from !== count * BYTES[dtype]) {
    throw damaged(`${tensor} claims bytes ${from} to ${to} of ${length} for ${count} numbers`);
  }
  return { name, dtype, shape, from, to };
}

function numbers(count: number, name: string): Float32Array {
  try {
    return new Float32Array(count);
  } catch (cause) {
    throw new LstmkitError(
      "OUT_OF_MEMORY",
      `the host has no memory for the ${count} numbers of tensor ${show(name)}. Close other programs, or use a smaller model.`,
      { cause },
    );
  }
}

function damaged(found: string, cause?: unknown): LstmkitError {
  return new LstmkitError(
    "BAD_MODEL_FILE",
    `${found}. The file is damaged or not a .safetensors file; save or copy it again.`,
    { cause },
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
