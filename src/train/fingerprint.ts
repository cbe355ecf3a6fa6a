/** What data a run learns from, in a line. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { crc32 } from "../crc32.ts";
import type { Samples } from "./inputs.ts";

/** A number for a batch that is seen once: quick, and of another batch hardly ever the same. */
export const checksum = ({ x, y, weights }: Samples): number =>
  [...x, y, ...(weights ? [weights] : [])].reduce(
    (sum, { data }) => sum + crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    0,
  );

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
