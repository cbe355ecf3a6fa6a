/** What data a run learns from, in a line. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Samples } from "./inputs.ts";

/** Shapes and a digest of all numbers, sample weights included; of the same numbers the same everywhere. */
export function fingerprint({ x, y, weights }: Samples): string {
  const hash = sha256.create();
  const all = [...x, y, ...(weights ? [weights] : [])];
  for (const { data, shape } of all) {
    hash.update(new TextEncoder().encode(`${data.constructor.name}(${shape.join()})`));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return `${all.map(({ shape }) => `(${shape.join(", ")})`).join(" ")} ${bytesToHex(hash.digest()).slice(0, 32)}`;
}
