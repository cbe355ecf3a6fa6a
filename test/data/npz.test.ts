import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { readNpy } from "../../src/data/npy.ts";
import { readNpz } from "../../src/data/npz.ts";
import { zipEntries } from "../../src/data/zip.ts";
import { LstmkitError } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";
import { longBytes } from "./fuzz.ts";
import { dictionary, npy, npz, pickleOfLists } from "./npz-fixture.ts";

const int32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

describe("readNpy", () => {
  test.each([1, 2, 3])("reads version %i", (version) => {
    const file = npy(dictionary("<i4", "2, 3"), int32(1, 2, 3, 4, 5, -6), version);
    expect(readNpy(file, "a")).toEqual({
      dtype: "<i4",
      shape: [2, 3],
      data: Int32Array.of(1, 2, 3, 4, 5, -6),
    });
  });

  test.each([
    ["|b1", Uint8Array.of(0, 1)],
    ["|i1", Int8Array.of(-1, 1)],
    ["|u1", Uint8Array.of(255, 1)],
    ["<i2", Int16Array.of(-300, 1)],
    ["<u2", Uint16Array.of(60000, 1)],
    ["<u4", Uint32Array.of(4e9, 1)],
    ["<i8", BigInt64Array.of(-5n, 1n)],
    ["<u8", BigUint64Array.of(5n, 1n)],
    ["<f4", Float32Array.of(0.5, 1)],
    ["<f8", Float64Array.of(0.1, 1)],
  ])("reads dtype %s", (descr, data) => {
    expect(readNpy(npy(dictionary(descr, "2,"), new Uint8Array(data.buffer)), "a")).toMatchObject({ data });
  });

  test("reads an object array of lists", () => {
    const file = npy(dictionary("|O", "2,"), pickleOfLists([[1, 2], [3]]));
    expect(readNpy(file, "a")).toEqual({
      dtype: "|O",
      shape: [2],
      lists: [Int32Array.of(1, 2), Int32Array.of(3)],
    });
  });

  test.each([
    ["a big-endian dtype", npy(dictionary(">i4", "1,"), int32(1)), /dtype ">i4"/],
    ["strings", npy(dictionary("<U3", "1,"), new Uint8Array(12)), /dtype "<U3"/],
    ["a name that every object has", npy(dictionary("constructor", "1,"), int32(1)), /dtype "constructor"/],
    ["columns first", npy(dictionary("<i4", "1, 1", "True"), int32(1)), /columns first/],
    ["three dimensions", npy(dictionary("<i4", "1, 1, 1"), int32(1)), /one or two dimensions/],
    ["a shape beyond all numbers", npy(dictionary("<i4", `${"9".repeat(30)},`), int32(1)), /dimensions/],
    ["fewer bytes than its shape", npy(dictionary("<i4", "3,"), int32(1)), /4 bytes of data; wanted 12/],
    ["version 4", npy(dictionary("<i4", "1,"), int32(1), 4), /version 4/],
    ["no dictionary", npy("nothing", int32(1)), /header "nothing/],
    ["another file", new TextEncoder().encode("PNG and so on"), /other first bytes/],
    ["nothing", new Uint8Array(0), /other first bytes/],
    [
      "a header longer than numpy's",
      npy(dictionary("<i4", "1,").padEnd(10_100), int32(1)),
      /header of 10100/,
    ],
    [
      "more lists than its bytes can hold",
      npy(dictionary("|O", "100000,"), pickleOfLists([[1]])),
      /100000 lists in \d+ bytes; wanted 65536 at most/,
    ],
  ])("refuses %s", (_, file, message) => {
    expect(() => readNpy(file, "a")).toThrow(codedError("BAD_NPZ", message));
  });
});

describe("readNpz", () => {
  const archive = npz({
    a: npy(dictionary("<i4", "1,"), int32(7)),
    b: npy(dictionary("<i4", "1,"), int32(8)),
  });

  test("reads the arrays it is asked for", () => {
    expect(readNpz(archive, ["b"])).toEqual({ b: { dtype: "<i4", shape: [1], data: Int32Array.of(8) } });
  });

  test("reads stored entries", () => {
    const stored = zipSync({ "a.npy": npy(dictionary("<i4", "1,"), int32(7)) }, { level: 0 });
    expect(readNpz(stored, ["a"]).a.shape).toEqual([1]);
  });

  test("says what an archive holds when an array is missing", () => {
    expect(() => readNpz(archive, ["x_train"])).toThrow(
      codedError("BAD_NPZ", /holds a\.npy, b\.npy; wanted x_train\.npy/),
    );
  });

  test("refuses a file that is cut short, wherever", () => {
    for (let length = 0; length < archive.length; length++) {
      expect(() => readNpz(archive.subarray(0, length), ["a"])).toThrow(LstmkitError);
    }
  });

  test("refuses zeros", () => {
    expect(() => readNpz(new Uint8Array(100_000), ["a"])).toThrow(codedError("BAD_NPZ", /no \.npz/));
  });

  test("never passes on a damaged array: any change of one byte is refused or without effect", () => {
    const whole = readNpz(archive, ["a", "b"]);
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.nat(255), (at, byte) => {
        const changed = archive.slice();
        changed[at] = byte;
        try {
          expect(readNpz(changed, ["a", "b"])).toEqual(whole);
        } catch (error) {
          expect(error).toBeInstanceOf(LstmkitError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("refuses any few bytes a hundred thousand times, in time", () => {
    const signatures = ["PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "\x93NUMPY\x01\0"].map((text) =>
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
    );
    fc.assert(
      fc.property(longBytes(archive, ...signatures), (bytes) => {
        expect(() => readNpz(bytes, ["a"])).toThrow(LstmkitError);
        expect(() => readNpy(bytes, "a")).toThrow(LstmkitError);
      }),
      { numRuns: 200 },
    );
    for (const signature of signatures) {
      const bytes = new Uint8Array(signature.length * 50_000);
      for (let at = 0; at < bytes.length; at += signature.length) bytes.set(signature, at);
      expect(() => readNpz(bytes, ["a"])).toThrow(LstmkitError);
    }
  });

  test("says so in a line where an archive holds thousands of arrays", () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`array${i}`, int32(i)]));
    expect(() => readNpz(npz(many), ["a"])).toThrow(codedError("BAD_NPZ", /holds .{1,200} and 2992 more;/));
  });

  test("names an entry in a line where its name is 60,000 letters", () => {
    const name = "n".repeat(60_000);
    const damaged = npz({ [name]: int32(1) });
    damaged[30 + name.length + 4] = 0xff; // the first packed byte
    const [entry] = zipEntries(damaged);
    expect(() => entry!.read()).toThrow(codedError("BAD_NPZ", /^.{1,300}$/));
  });

  test("refuses two entries of one name", () => {
    const twice = npz({ aa: int32(1), ab: int32(2) });
    for (let at = 0; at < twice.length - 1; at++) {
      if (twice[at] === 0x61 && twice[at + 1] === 0x62) twice[at + 1] = 0x61;
    }
    expect(() => readNpz(twice, ["aa"])).toThrow(codedError("BAD_NPZ", /two entries are called "aa\.npy"/));
  });

  test("refuses an entry that lies over another", () => {
    const over = archive.slice();
    const view = new DataView(over.buffer);
    const second = view.getUint32(over.length - 6, true) + 46 + "a.npy".length;
    expect(view.getUint32(second, true)).toBe(0x02014b50);
    view.setUint32(second + 42, 0, true);
    expect(() => readNpz(over, ["a"])).toThrow(codedError("BAD_NPZ", /"b\.npy" lies over/));
  });

  test("refuses an array that unpacks to a thousand times its size, and takes one that is just regular", () => {
    const zeros = (count: number) => npy(dictionary("<i8", `${count},`), new Uint8Array(count * 8));
    expect(readNpz(npz({ a: zeros(500_000) }), ["a"]).a.shape).toEqual([500_000]);
    expect(() => readNpz(npz({ a: zeros(2_000_000) }), ["a"])).toThrow(codedError("BAD_NPZ", /may hold/));
  });

  test("refuses a size that the packed bytes cannot hold, before it makes room for it", () => {
    const bomb = archive.slice();
    const view = new DataView(bomb.buffer);
    const directory = view.getUint32(bomb.length - 6, true);
    view.setUint32(directory + 24, 0xfffffff0, true);
    expect(() => readNpz(bomb, ["a"])).toThrow(codedError("BAD_NPZ", /declares 4294967280 bytes/));
  });
});
