import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText, decodeWhole, LineCounter, PieceDecoder } from "../../src/data/decode-text.ts";
import { LstmkitError } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";
import { longBytes, outcomeOf } from "./fuzz.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16 = (text: string, isLittle: boolean) => {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), isLittle);
  return new Uint8Array(view.buffer);
};

describe("decodeText", () => {
  test.each([
    ["UTF-8", utf8("über 映画 🎬")],
    ["UTF-8 with a byte order mark", utf8("\ufeffüber 映画 🎬")],
    ["UTF-16, little end first", utf16("\ufeffüber 映画 🎬", true)],
    ["UTF-16, big end first", utf16("\ufeffüber 映画 🎬", false)],
  ])("reads %s", (_, bytes) => {
    expect(decodeText(bytes)).toBe("über 映画 🎬");
    // A mark goes before what was named.
    if (bytes[0] !== 0xc3) expect(decodeText(bytes, { encoding: "shift_jis" })).toBe("über 映画 🎬");
  });

  test("reads what is named", () => {
    expect(decodeText(latin1("caf\xe9"), { encoding: "latin1" })).toBe("café");
    expect(decodeText(utf16("ü\0", true), { encoding: "utf-16le" })).toBe("ü\0");
    expect(decodeText(Uint8Array.of(0x93, 0xfa), { encoding: "Shift_JIS" })).toBe("日");
  });

  test("has quotes and dashes in windows-1252, on engines that take it for Latin-1, too", () => {
    expect(decodeText(latin1("\x93don\x92t\x94 \x96 5\x80\x81"), { encoding: "windows-1252" })).toBe(
      "“don’t” – 5€\x81",
    );
  });

  test("gives nothing for nothing, and for a mark alone", () => {
    expect(decodeText(new Uint8Array(0))).toBe("");
    expect(decodeText(utf8("\ufeff"))).toBe("");
  });

  test("reads memory that threads share", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    shared.set(utf8("ab"));
    expect(decodeText(shared)).toBe("ab");
  });

  test.each([
    ["Latin-1", latin1("a\r\nb\rc\n\xfcber\n"), /line 4 is not UTF-8; .*--encoding.*windows-1252/],
    ["what breaks off", latin1("a\n\xe2\x82"), /line 2 is not UTF-8/],
    ["half a mark", latin1("\xef\xbb"), /line 1 is not UTF-8/],
    ["UTF-16 without its mark", utf16("text,label\n", true), /line 1 has a NUL.*utf-16le/],
    ["UTF-32", latin1("\xff\xfe\0\0a\0\0\0"), /line 1 has a NUL/],
    ["a NUL further down", utf8("a\nb\0"), /line 2 has a NUL/],
    ["a half of a surrogate pair", utf16("\ufeffa\n\ud83c\n", true), /line 2 is not UTF-16LE/],
    ["a fault behind many pieces", latin1(`${"\r\n".repeat(100_000)}\xff`), /line 100001 is not UTF-8/],
  ])("refuses %s, naming the line", (_, bytes, message) => {
    expect(() => decodeText(bytes)).toThrow(codedError("BAD_TEXT", message));
  });

  test("refuses what is not in the encoding that was named, and encodings that are not there", () => {
    expect(() => decodeText(Uint8Array.of(10, 0x93), { encoding: "shift_jis" })).toThrow(
      codedError("BAD_TEXT", /line 2 is not SHIFT_JIS; wanted that encoding/),
    );
    expect(() => decodeText(utf8("a"), { encoding: "latin-9x" })).toThrow(
      codedError("BAD_ARGUMENT", /encoding is "latin-9x"; .*windows-1252/),
    );
    expect(() => decodeText(utf8("a"), { encodng: "latin1" } as object)).toThrow(
      codedError("BAD_ARGUMENT", /did you mean encoding/),
    );
    expect(() => decodeText("a" as unknown as Uint8Array)).toThrow(
      codedError("BAD_ARGUMENT", /decodeText\(\) was given "a" for its bytes/),
    );
  });

  test("refuses more than a string holds by its size, not by its letters", () => {
    expect(decodeWhole(utf8("12345678"), undefined, "BAD_CSV", 8)).toBe("12345678");
    expect(() => decodeWhole(utf8("123456789"), undefined, "BAD_CSV", 8)).toThrow(
      codedError("BAD_CSV", /9 bytes of text; wanted 8 at most.*Cut the file/),
    );
  });

  test("gives text or a coded error for any bytes, in time", () => {
    const encoding = fc.constantFrom(undefined, "utf-8", "utf-16le", "windows-1252", "shift_jis", "gb18030");
    const bytes = fc.oneof(fc.uint8Array(), longBytes(utf8("\ufeff"), Uint8Array.of(0xff, 0xfe)));
    fc.assert(
      fc.property(bytes, encoding, (source, name) => {
        const found = outcomeOf(() => decodeText(source, name === undefined ? {} : { encoding: name }));
        expect(typeof found === "string" || found instanceof LstmkitError).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("PieceDecoder", () => {
  /** The text up to the fault, and the fault. */
  const decoded = (bytes: Uint8Array, cuts: readonly number[], encoding?: string) => {
    const decoder = new PieceDecoder(encoding);
    const ends = [...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length];
    let text = "";
    let start = 0;
    for (const [i, end] of ends.entries()) {
      const piece = decoder.decode(bytes.subarray(start, end), i === ends.length - 1);
      text += piece.text;
      if (piece.fault !== undefined) return { text, fault: piece.fault };
      start = end;
    }
    return { text, fault: undefined };
  };

  test("gives the same wherever the bytes are cut, up to the same fault", () => {
    const units = fc.constantFrom(
      ...["a", "\n", "ü", "映", "🎬", "\ufeff"].map(utf8),
      ...["\xff", "\xfe", "\xef", "\xbb", "\xbf", "\x93", "\0"].map(latin1),
    );
    const source = fc
      .array(units, { maxLength: 12 })
      .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
    const cuts = fc.array(fc.nat(20), { maxLength: 8 });
    const encoding = fc.constantFrom(undefined, "windows-1252", "utf-16be", "euc-kr");
    fc.assert(
      fc.property(source, cuts, encoding, (bytes, at, name) => {
        expect(decoded(bytes, at, name)).toEqual(decoded(bytes, [], name));
      }),
      { numRuns: 1000 },
    );
  });

  test("goes up to the very byte", () => {
    expect(decoded(latin1("a\nü\xc3\xbc\nb\xffc"), [3])).toEqual({ text: "a\n", fault: "is not UTF-8" });
    expect(decoded(latin1("a\nb\xc3\xbc\nb\xffc"), [4])).toEqual({ text: "a\nbü\nb", fault: "is not UTF-8" });
  });
});

test("LineCounter knows all line ends, also where a piece ends between two of their characters", () => {
  const counter = new LineCounter();
  for (const piece of ["a\r", "\nb\n\n", "\r\r", "", "\nc"]) counter.add(piece);
  expect(counter.breaks).toBe(5);
});
