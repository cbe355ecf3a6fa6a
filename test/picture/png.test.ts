import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { pngDataUri } from "../../src/picture/png.ts";

test("an image has its pixels, its palette and its checksums", () => {
  const palette = Uint8Array.of(255, 0, 0, 0, 255, 0);
  const uri = pngDataUri(Uint8Array.of(0, 1, 1, 1, 0, 0), 3, 2, palette);
  const bytes = Buffer.from(uri.slice("data:image/png;base64,".length), "base64");
  expect(bytes.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    chunks.set(bytes.toString("latin1", at + 4, at + 8), bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(["IHDR", "PLTE", "IDAT", "IEND"]);
  expect([...chunks.get("IHDR")!]).toEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
  expect([...chunks.get("PLTE")!]).toEqual([...palette]);
  expect([...inflateSync(chunks.get("IDAT")!)]).toEqual([0, 0, 1, 1, 0, 1, 0, 0]);
  expect(bytes.subarray(-4).toString("hex")).toBe("ae426082"); // of every IEND
});
