/**
 * What a model file holds beyond the model, where training is to go on from it: tensors under `training_state/…`, and in
 * `__metadata__.training_state` eight digits of CRC-32, a space and JSON. The checksum is that of the whole file with
 * zeros in its place.
 */
import { crc32 } from "../crc32.ts";
import { parseJson } from "../json.ts";
import type { NamedTensor } from "../tensor.ts";

/** Plain data; numbers may be NaN, infinite and -0. */
export type StateValue =
  | null
  | boolean
  | number
  | string
  | readonly StateValue[]
  | { readonly [key: string]: StateValue };

export interface TrainingState {
  readonly facts: Readonly<Record<string, StateValue>>;
  /** Their names come behind `training_state/` in the file. */
  readonly tensors: readonly NamedTensor[];
}

export const STATE_KEY = "training_state";
export const STATE_PREFIX = "training_state/";

/** Stands for a number that JSON has no word for. */
const ODD = "#";

/** As an entry of the metadata, whose checksum is still to come. */
export function encodeFacts(facts: TrainingState["facts"]): string {
  const text = JSON.stringify(facts, (_, value: unknown) => {
    if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
    return { [ODD]: Object.is(value, -0) ? "-0" : String(value) };
  });
  return `${UNSIGNED} ${text}`;
}

/** @throws JsonError */
export function decodeFacts(entry: string): TrainingState["facts"] {
  return revive(parseJson(entry.slice(UNSIGNED.length + 1)) as StateValue) as TrainingState["facts"];
}

function revive(value: StateValue): StateValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(revive);
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === ODD) return Number(entries[0]![1]);
  return Object.fromEntries(entries.map(([key, one]) => [key, revive(one)]));
}

const UNSIGNED = "00000000";
const BEFORE = `"${STATE_KEY}":"`;

/** Put the checksum into a file that is encoded. */
export function sign(bytes: Uint8Array): void {
  const at = placeOfChecksum(bytes)!; // the encoder has written it
  bytes.set(new TextEncoder().encode(crc32(bytes).toString(16).padStart(8, "0")), at);
}

/** Whether a file has the checksum that it names. */
export function isIntact(bytes: Uint8Array): boolean {
  const at = placeOfChecksum(bytes);
  if (at === null) return false;
  const named = new TextDecoder().decode(bytes.subarray(at, at + UNSIGNED.length));
  const copy = bytes.slice(); // it is the caller's
  copy.set(new TextEncoder().encode(UNSIGNED), at);
  return named === crc32(copy).toString(16).padStart(8, "0");
}

/** Null where there is none. Metadata come first, and quotes in a text of theirs are escaped. */
function placeOfChecksum(bytes: Uint8Array): number | null {
  const before = [...new TextEncoder().encode(BEFORE)];
  let at = bytes.indexOf(before[0]!);
  for (; at >= 0; at = bytes.indexOf(before[0]!, at + 1)) {
    if (before.every((byte, i) => bytes[at + i] === byte)) {
      const start = at + before.length;
      return start + UNSIGNED.length <= bytes.length ? start : null;
    }
  }
  return null;
}
