import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linesOf } from "../../src/cli/standard-input.ts";
import { codedError } from "../data/coded-error.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The lines of bytes that come in pieces, as they come, and the message of what ends them. */
async function read(pieces: readonly Uint8Array[], encoding?: string, most?: number) {
  async function* source() {
    yield* pieces;
  }
  const batches: string[][] = [];
  let error = "";
  try {
    for await (const lines of linesOf(source(), encoding, most)) batches.push(lines);
  } catch (thrown) {
    error = String(thrown);
  }
  return { batches, lines: batches.flat(), error };
}

describe("linesOf", () => {
  test("ends lines at \\n, \\r\\n and \\r, and gives each as soon as it is there", async () => {
    const pieces = ["a\n", "b\r", "\nc", "\rd\r\n", "\n", "\r", "e"].map(utf8);
    const { batches, error } = await read(pieces);
    expect(error).toBe("");
    expect(batches).toEqual([["a"], ["b"], ["c", "d"], [""], [""], ["e"]]);
  });

  test("takes byte order marks away, of UTF-16 too", async () => {
    const text = "über\n映画\n";
    const utf16 = new Uint8Array(Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0)).buffer);
    for (const bytes of [utf8(`\ufeff${text}`), utf16]) {
      expect((await read([bytes])).lines).toEqual(["über", "映画"]);
      expect((await read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).lines).toEqual(["über", "映画"]);
    }
  });

  test("reads an encoding that is named", async () => {
    expect((await read([Uint8Array.of(0x93, 0xe9, 0x94, 10)], "windows-1252")).lines).toEqual(["“é”"]);
  });

  test("gives the same lines and the same error wherever the bytes are cut", async () => {
    const parts = ["a", "ü", "\n", "\r", "\r\n", "\ufeff", "\0"].map(utf8).concat(Uint8Array.of(0xff));
    const bytes = fc
      .array(fc.constantFrom(...parts), { maxLength: 15 })
      .map((chosen) => Uint8Array.from(chosen.flatMap((part) => [...part])));
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat(30), { maxLength: 6 }), async (source, at) => {
        const ends = [...at.filter((end) => end < source.length).sort((a, b) => a - b), source.length];
        const pieces = ends.map((end, i) => source.subarray(ends[i - 1] ?? 0, end));
        const [whole, cut] = [await read([source], undefined, 4), await read(pieces, undefined, 4)];
        expect({ lines: cut.lines, error: cut.error }).toEqual({ lines: whole.lines, error: whole.error });
      }),
      { numRuns: 500 },
    );
  });

  test("refuses other encodings by line, after the lines in front", async () => {
    const { lines, error } = await read([utf8("a\nb\n"), Uint8Array.of(99, 10, 0xfc, 10, 100)]);
    expect(lines).toEqual(["a", "b", "c"]);
    expect(error).toMatch(/^LstmkitError: BAD_TEXT: line 4 is not UTF-8; .*--encoding/);
    expect((await read([utf8("a\0b\0\n\0")])).error).toMatch(/BAD_TEXT: line 1 has a NUL.*utf-16le/);
    expect((await read([utf8("a\n"), Uint8Array.of(0xe2)])).error).toMatch(/line 2 is not UTF-8/);
    await expect(linesOf((async function* () {})(), "latin-9x").next()).rejects.toThrow(
      codedError("BAD_ARGUMENT"),
    );
  });

  test("refuses a line that does not end, and holds no more of it", async () => {
    let taken = 0;
    async function* endless() {
      yield utf8("short\n");
      for (;;) {
        taken++;
        yield utf8("0123456789");
      }
    }
    const lines = linesOf(endless(), undefined, 100);
    expect((await lines.next()).value).toEqual(["short"]);
    await expect(lines.next()).rejects.toThrow(codedError("BAD_TEXT", /line 2 has more than 100 characters/));
    expect(taken).toBe(11);
  });

  test("takes a long line in many pieces, and many empty lines in one", async () => {
    const piece = utf8("a".repeat(100));
    expect((await read([...Array(100_000).fill(piece), utf8("\n")])).lines[0]).toHaveLength(10_000_000);
    expect((await read([new Uint8Array(1_000_000).fill(10)])).lines).toHaveLength(1_000_000);
  });
});
