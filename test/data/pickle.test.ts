import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unpickleIntLists } from "../../src/data/pickle.ts";
import { LstmkitError } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";
import { longBytes } from "./fuzz.ts";
import { pickleOfLists } from "./npz-fixture.ts";

// numpy 2.4.6: x = np.empty(3, object); x[:] = [1, 300, 70000], [], [2**31 - 1]; pickle.dumps(x, protocol)
const BY_PROTOCOL: Record<number, string> = {
  2: "8002636e756d70792e5f636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a71014b00857102635f636f646563730a656e636f64650a7103580100000062710458060000006c6174696e317105867106527107877108527109284b014b0385710a636e756d70790a64747970650a710b58020000004f38710c898887710d52710e284b0358010000007c710f4e4e4e4affffffff4affffffff4b3f74711062895d7111285d7112284b014d2c014a70110100655d71135d71144affffff7f6165747115622e",
  3: "8003636e756d70792e5f636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a71014b008571024301627103877104527105284b014b03857106636e756d70790a64747970650a710758020000004f387108898887710952710a284b0358010000007c710b4e4e4e4affffffff4affffffff4b3f74710c62895d710d285d710e284b014d2c014a70110100655d710f5d71104affffff7f6165747111622e",
  4: "800495a2000000000000008c166e756d70792e5f636f72652e6d756c74696172726179948c0c5f7265636f6e7374727563749493948c056e756d7079948c076e6461727261799493944b0085944301629487945294284b014b03859468038c0564747970659493948c024f3894898887945294284b038c017c944e4e4e4affffffff4affffffff4b3f749462895d94285d94284b014d2c014a70110100655d945d944affffff7f61657494622e",
};
BY_PROTOCOL[5] = BY_PROTOCOL[4]!.replace(/^8004/, "8005");

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function lists(bytes: Uint8Array, count: number): number[][] {
  return unpickleIntLists(bytes, count).map((list) => [...list]);
}

describe("reads what numpy writes", () => {
  test.each([2, 3, 4, 5])("with protocol %i", (protocol) => {
    expect(lists(bytesOf(BY_PROTOCOL[protocol]!), 3)).toEqual([[1, 300, 70000], [], [2 ** 31 - 1]]);
  });

  test("for any lists of 32-bit ints", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer(), { maxLength: 5 }), { maxLength: 5 }), (wanted) => {
        expect(lists(pickleOfLists(wanted), wanted.length)).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });
});

describe("runs nothing", () => {
  test.each([
    ["GLOBAL os.system", "cos\nsystem\n(S'x'\ntR.", /"os\.system" at byte 0/],
    [
      "GLOBAL os.system with binary arguments",
      "\x80\x02cos\nsystem\nX\x01\0\0\0x\x85R.",
      /"os\.system" at byte 2/,
    ],
    [
      "STACK_GLOBAL os.system",
      "\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",
      /"os\.system" at byte 14/,
    ],
    ["GLOBAL builtins.eval", "\x80\x02cbuiltins\neval\n.", /"builtins\.eval"/],
    ["GLOBAL of another part of numpy", "\x80\x02cnumpy\nload\n.", /"numpy\.load"/],
    ["INST", "(ios\nsystem\n.", /opcode INST at byte 1/],
    ["OBJ", "(o.", /opcode OBJ at byte 1/],
    ["NEWOBJ", "\x80\x02)\x81.", /opcode NEWOBJ at byte 3/],
    ["EXT1", "\x82\x01.", /opcode EXT1 at byte 0/],
    ["PERSID", "Px\n.", /opcode PERSID at byte 0/],
    ["an unknown opcode", "\xff.", /opcode 0xff at byte 0/],
    ["REDUCE of ndarray", "\x80\x02cnumpy\nndarray\n)R.", /REDUCE of something else/],
    ["a dtype of numbers", "\x80\x02cnumpy\ndtype\nX\x02\0\0\0i8\x85R.", /REDUCE of something else/],
    ["BUILD of a number", "\x80\x02K\x01)b.", /BUILD of something else/],
    ["a dictionary", "\x80\x02}.", /opcode EMPTY_DICT/],
    ["another protocol", "\x80\x01.", /protocol 1/],
  ])("refuses %s", (_, pickle, message) => {
    expect(() => unpickleIntLists(ascii(pickle), 1)).toThrow(codedError("BAD_PICKLE", message));
  });
});

describe("cannot be made to hang or to swell", () => {
  const array = pickleOfLists([
    [1, 2, 3],
    [400, 5],
  ]);
  const refuses = (bytes: Uint8Array): void => {
    expect(() => unpickleIntLists(bytes, 2)).toThrow(LstmkitError);
  };

  test("by a file that is cut short", () => {
    for (let length = 0; length < array.length; length++) refuses(array.subarray(0, length));
  });

  test("by a length beyond the file", () => {
    refuses(ascii("\x80\x02X\xff\xff\xff\xff"));
    refuses(ascii("\x80\x02U\xff"));
  });

  test("by a place in the memo far out", () => {
    expect(() => unpickleIntLists(ascii("\x80\x02Nr\xff\xff\xff\x7f."), 1)).toThrow(
      codedError("BAD_PICKLE", /memo place 2147483647/),
    );
  });

  test("by a list that holds itself", () => {
    expect(() => unpickleIntLists(ascii("\x80\x02]q\0h\0a."), 1)).toThrow(LstmkitError);
  });

  test("by one list in thousands of places", () => {
    const text = String.fromCharCode(...pickleOfLists([]));
    const long = `]q\x00(${"K\x01".repeat(2000)}e${"h\x00".repeat(2000)}`;
    const bytes = ascii(text.replace("](etb.", `](${long}etb.`));
    expect(() => unpickleIntLists(bytes, 2001)).toThrow(codedError("BAD_PICKLE", /repeated too often/));
  });

  test.each([
    ["lists", "]"],
    ["tuples", ")"],
    ["tuples in tuples", "\x85"],
    ["texts", "U\0"],
    ["names", "cnumpy\ndtype\n"],
  ])("by thousands of %s", (_, one) => {
    expect(() => unpickleIntLists(ascii(`\x80\x02]${one.repeat(5000)}.`), 3)).toThrow(
      codedError("BAD_PICKLE", /one object too many at byte \d{2,4}; wanted the 3 lists/),
    );
  });

  test("by a memo of thousands", () => {
    expect(() => unpickleIntLists(ascii(`\x80\x04]${"\x94".repeat(5000)}.`), 3)).toThrow(
      codedError("BAD_PICKLE", /memo place 68/),
    );
  });

  test("by a stack of two million", () => {
    expect(() => unpickleIntLists(new Uint8Array(2_100_000).fill(0x4e), 3)).toThrow(
      codedError("BAD_PICKLE", /a stack of a million values at byte 1048576/),
    );
  });

  test("by two lists filled in turns", () => {
    expect(() => unpickleIntLists(ascii("\x80\x02]q\0K\x01a]q\x01K\x01ah\0K\x02a."), 1)).toThrow(
      codedError("BAD_PICKLE", /in turns/),
    );
  });

  test("by any change of one byte", () => {
    fc.assert(
      fc.property(fc.nat(array.length - 1), fc.nat(255), (at, byte) => {
        const changed = array.slice();
        changed[at] = byte;
        try {
          unpickleIntLists(changed, 2);
        } catch (error) {
          expect(error).toBeInstanceOf(LstmkitError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("by any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => unpickleIntLists(bytes, 1)).toThrow(LstmkitError);
      }),
      { numRuns: 1000 },
    );
  });

  test("by any few bytes a hundred thousand times", () => {
    const endless = array.subarray(0, array.length - 10);
    fc.assert(
      fc.property(longBytes(ascii("\x80\x02]("), ascii("\x80\x02"), endless), (bytes) => {
        expect(() => unpickleIntLists(bytes, 1)).toThrow(LstmkitError);
      }),
      { numRuns: 300 },
    );
    for (const repeated of ["(", "]", "K\x01", ")", "]q\0", "h\0", "(K\x01K\x02e", "]K\x01a", "N0"]) {
      expect(() => unpickleIntLists(ascii(`\x80\x02]q\0${repeated.repeat(50_000)}`), 1)).toThrow(
        LstmkitError,
      );
    }
  });
});

test("an array of another length than its header says is refused", () => {
  expect(() => unpickleIntLists(pickleOfLists([[1]]), 2)).toThrow(
    codedError("BAD_PICKLE", /1 lists.*wanted the 2 lists/),
  );
});

test("bytes after the end are refused", () => {
  expect(() => unpickleIntLists(ascii(`${String.fromCharCode(...pickleOfLists([[1]]))}x`), 1)).toThrow(
    codedError("BAD_PICKLE", /1 bytes left over/),
  );
});
