import { type Bytes, bytesOf } from "../bytes.ts";
import { unpackText } from "./packed-text.ts";

/**
 * The first 36 chapters of Herman Melville's Moby-Dick, the text that ships with the package: 340,000 characters, a
 * paragraph a line. assets/README.md says where it comes from.
 *
 * @param bytes of `lstmkit/moby-dick.bin`
 * @throws BAD_DATASET where they are damaged or another file's; BAD_ARGUMENT for what has no bytes
 */
export function mobyDickFromBytes(bytes: Bytes): string {
  return unpackText(bytesOf(bytes, "mobyDickFromBytes()"));
}
