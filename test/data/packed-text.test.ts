import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mobyDickFromBytes } from "../../src/data/moby-dick.ts";
import { packText, unpackText } from "../../src/data/packed-text.ts";
import { loadMobyDick } from "../../src/node.ts";
import { codedError } from "./coded-error.ts";

const asset = readFileSync(new URL("../../assets/moby-dick.bin", import.meta.url));

describe("assets/moby-dick.bin", () => {
  test("is the file that scripts/make-moby-dick.ts makes, and not above 150 kB", () => {
    expect(createHash("sha256").update(asset).digest("hex")).toBe(
      "852bcb8be33fdd510c7dcf89b3155f18541e8baf1938740e326f2d37f08e5d7d",
    );
    expect(asset.length).toBeLessThanOrEqual(150_000);
  });

  test("has the first 36 chapters, each in its place", async () => {
    const text = mobyDickFromBytes(asset);
    expect(text.startsWith("CHAPTER 1. Loomings.\n\nCall me Ishmael.")).toBe(true);
    const chapters = [...text.matchAll(/^CHAPTER (\d+)\./gm)].map(([, number]) => Number(number));
    expect(chapters).toEqual(Array.from({ length: 36 }, (_, i) => i + 1));
    expect(await loadMobyDick()).toBe(text);
  });
});

describe("a packed text", () => {
  test.each(["", "a", "é\n".repeat(5000), "漢字 😀"])("comes back whole", (text) => {
    expect(unpackText(packText(text))).toBe(text);
  });

  test.each([
    { what: "cut short", damage: (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 9) },
    { what: "of another format", damage: () => new TextEncoder().encode("just some text, not packed") },
    { what: "empty", damage: () => new Uint8Array(0) },
    { what: "with a byte changed", damage: (bytes: Uint8Array) => bytes.with(5000, bytes[5000]! ^ 1) },
    { what: "of a length that cannot be", damage: (bytes: Uint8Array) => bytes.with(15, 0xff) },
  ])("$what is refused", ({ damage }) => {
    expect(() => mobyDickFromBytes(damage(new Uint8Array(asset)))).toThrow(codedError("BAD_DATASET"));
  });
});
