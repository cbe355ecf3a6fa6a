/**
 * The safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header,
 * then the tensors' bytes, little-endian. Only F32 is written and read: a model has nothing else.
 */
import { LstmkitError } from "../errors.ts";
import type { NamedTensor } from "../tensor.ts";

/** What a file holds. */
export interface Safetensors {
  readonly tensors: NamedTensor[];
  readonly metadata: Record<string, string>;
}

/** The limit that the reference implementation sets on the header. */
const MAX_HEADER = 100_000_000;

/** Tensors and metadata → the bytes of a file, tensors in the given order. */
export function encodeSafetensors({ tensors, metadata }: Safetensors): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, shape, data } of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.length * 4] };
    end += data.length * 4;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8; // spaces behind the JSON align the data
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const { data } of tensors) {
    for (const value of data) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return bytes;
}

/**
 * The bytes of a file → its tensors, in the order of their data.
 *
 * @throws BAD_MODEL_FILE when the file is cut short or its header does not describe its bytes exactly
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const refuse = (found: string): never => {
    throw new LstmkitError(
      "BAD_MODEL_FILE",
      `${found}. The file is damaged or not a .safetensors file; save or copy it again.`,
    );
  };
  if (bytes.length < 8) refuse(`the file has ${bytes.length} bytes; a header alone takes more than 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER || length > bytes.length - 8) {
    refuse(`the header claims ${length} bytes; ${bytes.length - 8} follow`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    refuse("the header is not JSON");
  }
  if (!isObject(header)) return refuse("the header is not a JSON object");
  const metadata = header.__metadata__ ?? {};
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    return refuse("the header's __metadata__ is not a map of strings");
  }
  const data = bytes.length - 8 - length;
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => {
      if (!isObject(entry)) return refuse(`tensor "${name}" has no description`);
      const { dtype, shape, data_offsets: offsets } = entry;
      if (dtype !== "F32")
        return refuse(`tensor "${name}" has dtype ${JSON.stringify(dtype)}; only F32 is read`);
      if (!isSizes(shape)) return refuse(`tensor "${name}" has shape ${JSON.stringify(shape)}`);
      if (!isSizes(offsets) || offsets.length !== 2) {
        return refuse(`tensor "${name}" has offsets ${JSON.stringify(offsets)}`);
      }
      const [from, to] = offsets as [number, number];
      const count = shape.reduce((a, b) => a * b, 1);
      if (to > data || to - from !== count * 4) {
        return refuse(`tensor "${name}" claims bytes ${from} to ${to} of ${data} for ${count} numbers`);
      }
      return { name, shape, from, to };
    })
    .sort((a, b) => a.from - b.from || a.to - b.to);
  let end = 0;
  const tensors = entries.map(({ name, shape, from, to }): NamedTensor => {
    if (from !== end) refuse(`tensor "${name}" begins at byte ${from}; the one before it ends at ${end}`);
    end = to;
    const values = new Float32Array((to - from) / 4);
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(8 + length + from + i * 4, true);
    return { name, shape, data: values };
  });
  if (end !== data) refuse(`${data - end} bytes belong to no tensor`);
  return { tensors, metadata: metadata as Record<string, string> };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
