import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LstmkitError } from "../../src/errors.ts";
import { decodeSafetensors, encodeSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";

const FILE: Safetensors = {
  tensors: [
    { name: "dense/kernel", shape: [2, 3], data: Float32Array.of(1, -0, 3e38, 1e-45, Number.NaN, -Infinity) },
    { name: "empty", shape: [0, 4], data: new Float32Array(0) },
    { name: "scalar", shape: [], data: Float32Array.of(7) },
    { name: 'naïve, "quoted" 名', shape: [3], data: Float32Array.of(1, 2, 3) },
  ],
  metadata: { format: "pt", "with space": "a\nb" },
};

/** A file with this header before these bytes of data. */
function fileWith(header: unknown, data = 16): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const headerOf = (bytes: Uint8Array) => {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return {
    length,
    header: JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>,
  };
};

/** The message that decoding is refused with; anything but BAD_MODEL_FILE fails. */
function refused(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes);
  } catch (error) {
    if (error instanceof LstmkitError && error.code === "BAD_MODEL_FILE") return error.message;
    throw error;
  }
  throw new Error("the file was accepted");
}

test("what is encoded decodes to itself, to the bit", () => {
  const { tensors, metadata } = decodeSafetensors(encodeSafetensors(FILE));
  expect(metadata).toEqual(FILE.metadata);
  expect(tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
    FILE.tensors.map(({ name, shape }) => ({ name, shape })),
  );
  const bits = ({ data }: Safetensors["tensors"][number]) => [...new Uint32Array(data.buffer)];
  expect(tensors.map(bits)).toEqual(FILE.tensors.map(bits));
});

test("any tensors and metadata survive the way through a file", () => {
  const tensor = fc
    .tuple(fc.array(fc.nat(4), { maxLength: 3 }), fc.float({ noNaN: true }))
    .map(([shape, value]) => ({
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
    }));
  // Binary strings have NULs and lone surrogates.
  const name = fc.string({ unit: "binary" }).filter((key) => key !== "__metadata__");
  const names = fc.uniqueArray(fc.oneof(name, fc.constant("__proto__")), { maxLength: 6 });
  const metadata = fc.dictionary(name, fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(names, tensor, metadata, (named, value, entries) => {
      const tensors = named.map((key) => ({ name: key, ...value }));
      const found = decodeSafetensors(encodeSafetensors({ tensors, metadata: entries }));
      expect(new Map(found.tensors.map((t) => [t.name, t]))).toEqual(
        new Map(tensors.map((t) => [t.name, t])),
      );
      expect(Object.entries(found.metadata)).toEqual(Object.entries(entries));
    }),
    { seed: 22, numRuns: 200 },
  );
});

test("a tensor or an entry called __proto__, lone surrogates and NULs survive", () => {
  const tensors = [{ name: "__proto__", shape: [1], data: Float32Array.of(5) }];
  const metadata = Object.fromEntries([
    ["__proto__", "x"],
    ["\ud800", "\udc00 \0"],
  ]);
  const found = decodeSafetensors(encodeSafetensors({ tensors, metadata }));
  expect(found.tensors).toEqual(tensors);
  expect(Object.entries(found.metadata)).toEqual(Object.entries(metadata));
});

test("metadata that would make a header too long to read are refused before they are written", () => {
  const metadata = { long: "x".repeat(100_000_000) };
  expect(() => encodeSafetensors({ tensors: [], metadata })).toThrow(/^BAD_ARGUMENT: .*100000000/);
});

test("the data begins at a multiple of 8, and so does every tensor of an even length", () => {
  for (let n = 0; n < 9; n++) {
    const bytes = encodeSafetensors({ tensors: FILE.tensors, metadata: { pad: "x".repeat(n) } });
    expect((8 + headerOf(bytes).length) % 8).toBe(0);
  }
});

test("the header is the format's: little-endian length, JSON from the first byte, F32, offsets from 0", () => {
  const bytes = encodeSafetensors(FILE);
  const { length, header } = headerOf(bytes);
  expect(bytes[8]).toBe("{".charCodeAt(0));
  expect(header["dense/kernel"]).toEqual({ dtype: "F32", shape: [2, 3], data_offsets: [0, 24] });
  expect(header.scalar).toEqual({ dtype: "F32", shape: [], data_offsets: [24, 28] });
  expect(bytes.length).toBe(8 + length + 40);
  expect([...bytes.subarray(8 + length, 8 + length + 4)]).toEqual([0, 0, 0x80, 0x3f]);
});

test("a file read into the middle of a larger buffer decodes", () => {
  const bytes = encodeSafetensors(FILE);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeSafetensors(shifted.subarray(3)).tensors).toEqual(decodeSafetensors(bytes).tensors);
});

test("tensors come in the order of their data, whatever the order of the header", () => {
  const entry = (from: number) => ({ dtype: "F32", shape: [2], data_offsets: [from, from + 8] });
  expect(decodeSafetensors(fileWith({ b: entry(8), a: entry(0) })).tensors.map(({ name }) => name)).toEqual([
    "a",
    "b",
  ]);
});

test("a file cut short anywhere is refused", () => {
  const bytes = encodeSafetensors(FILE);
  for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length));
});

test("a file with bytes too many is refused", () => {
  const bytes = encodeSafetensors(FILE);
  expect(refused(Uint8Array.of(...bytes, 0))).toContain("1 bytes belong to no tensor");
});

describe("a header that lies is refused", () => {
  const entry = (change: object) => ({ a: { dtype: "F32", shape: [4], data_offsets: [0, 16], ...change } });
  const pair = (a: [number, number], b: [number, number]) => ({
    a: { dtype: "F32", shape: [(a[1] - a[0]) / 4], data_offsets: a },
    b: { dtype: "F32", shape: [(b[1] - b[0]) / 4], data_offsets: b },
  });

  test("but the one that says the truth is taken", () => {
    expect(decodeSafetensors(fileWith(entry({}))).tensors).toHaveLength(1);
  });

  test.each<{ what: string; header: unknown }>([
    { what: "offsets that overlap", header: pair([0, 12], [8, 16]) },
    { what: "one place for two tensors", header: pair([0, 16], [0, 16]) },
    { what: "a hole between tensors", header: pair([0, 4], [8, 16]) },
    { what: "a hole before the first", header: entry({ shape: [2], data_offsets: [8, 16] }) },
    { what: "data behind the last", header: entry({ shape: [2], data_offsets: [0, 8] }) },
    { what: "data past the end", header: entry({ shape: [5], data_offsets: [0, 20] }) },
    { what: "offsets past the end", header: entry({ data_offsets: [16, 32] }) },
    { what: "a shape that is too small", header: entry({ shape: [3] }) },
    { what: "a shape that is too large", header: entry({ shape: [4, 2] }) },
    { what: "a shape whose size passes every number", header: entry({ shape: Array(40).fill(2 ** 40) }) },
    {
      what: "a shape of no numbers times too many",
      header: entry({ shape: [0, ...Array(40).fill(2 ** 40)] }),
    },
    { what: "negative offsets", header: entry({ data_offsets: [-16, 0] }) },
    { what: "a negative shape", header: entry({ shape: [-2, -2] }) },
    { what: "offsets the wrong way round", header: entry({ data_offsets: [16, 0] }) },
    { what: "offsets that are fractions", header: entry({ data_offsets: [0.5, 16.5] }) },
    { what: "one offset", header: entry({ data_offsets: [0] }) },
    { what: "three offsets", header: entry({ data_offsets: [0, 8, 16] }) },
    { what: "offsets as text", header: entry({ data_offsets: ["0", "16"] }) },
    { what: "no offsets", header: { a: { dtype: "F32", shape: [4] } } },
    { what: "a shape that is a number", header: entry({ shape: 4 }) },
    { what: "another dtype", header: entry({ dtype: "F64", shape: [2] }) },
    { what: "no dtype", header: { a: { shape: [4], data_offsets: [0, 16] } } },
    { what: "a tensor that is null", header: { a: null } },
    { what: "a tensor that is a list", header: { a: [] } },
    { what: "metadata that is a list", header: { ...entry({}), __metadata__: [] } },
    { what: "metadata that is text", header: { ...entry({}), __metadata__: "x" } },
    { what: "metadata with a number", header: { ...entry({}), __metadata__: { epochs: 4 } } },
    { what: "a list for a header", header: [] },
    { what: "null for a header", header: null },
    { what: "no JSON", header: "{ a:" },
    { what: "nothing", header: "" },
    { what: "no tensors for the data", header: {} },
    { what: "a space before the header", header: ' {"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}' },
    {
      what: "a byte order mark before the header",
      header: '\ufeff{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
    },
    {
      what: "one name for two tensors",
      header:
        '{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
    },
    ...["dtype", "shape", "data_offsets"].map((key) => ({
      what: `a ${key} nested 20,000 deep`,
      header: `{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"${key}":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`,
    })),
    { what: "a dtype of 100,000 letters", header: entry({ dtype: "F".repeat(100_000) }) },
    { what: "a shape of 100,000 sizes", header: entry({ shape: Array(100_000).fill(2) }) },
    { what: "a name of 100,000 letters", header: { ["a".repeat(100_000)]: [] } },
  ])("$what", ({ header }) => {
    expect(refused(fileWith(header))).toMatch(/^BAD_MODEL_FILE: .{1,250}\.$/);
  });

  test.each([2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 32n, 100_000_001n, 17n])(
    "a header of %d bytes",
    (length) => {
      const bytes = new Uint8Array(24);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      expect(refused(bytes)).toContain("the header claims");
    },
  );

  test("a header that is no UTF-8", () => {
    const bytes = fileWith(entry({}));
    bytes[10] = 0xff;
    refused(bytes);
  });
});

test("one byte changed anywhere gives a file that is refused, or a file that is whole", () => {
  const bytes = encodeSafetensors(FILE);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = bytes.slice();
      damaged[at]! ^= change;
      try {
        const { tensors } = decodeSafetensors(damaged);
        expect(tensors.reduce((sum, { data }) => sum + data.length, 0)).toBe(10);
      } catch (error) {
        expect(error).toMatchObject({ code: "BAD_MODEL_FILE" });
      }
    }),
    { seed: 22, numRuns: 2000 },
  );
});

test("no bytes at all, nor any random ones, do more than be refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      refused(bytes);
    }),
    { seed: 22, numRuns: 1000 },
  );
});
