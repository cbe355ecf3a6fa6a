/** Ways to damage a file that a parser's author may not have thought of; the same seed gives the same files. */

/** A whole number from 0 to below n. */
export type Random = (n: number) => number;

/** Tommy Ettinger's mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

const LARGEST = 2 ** 20;

type Mutation = (bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]) => Uint8Array;

const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)]!;
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

function spliced(bytes: Uint8Array, from: number, to: number, between: Uint8Array): Uint8Array {
  const result = new Uint8Array(from + between.length + bytes.length - to);
  result.set(bytes.subarray(0, from));
  result.set(between, from);
  result.set(bytes.subarray(to), from + between.length);
  return result;
}

/** Two places, the first not behind the second; near each other as a rule. */
function range(bytes: Uint8Array, random: Random): [number, number] {
  const from = random(bytes.length + 1);
  const most = random(4) === 0 ? bytes.length - from : Math.min(16, bytes.length - from);
  return [from, from + random(most + 1)];
}

function changed(bytes: Uint8Array, change: (copy: Uint8Array<ArrayBuffer>) => void): Uint8Array {
  const copy = Uint8Array.from(bytes);
  change(copy);
  return copy;
}

const BYTES = [0, 1, 0x20, 0x22, 0x2c, 0x5b, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff];
const SIZES = [0, 1, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];
const NUMBERS = ["-1", "0", "00", "1.5", "1e309", "-0", "255", "65536", "2147483648", "4294967296"];
const LONG_NUMBERS = ["9007199254740993", "9".repeat(30), "1e21", "0x10", "null", "[1]", '"1"', "NaN"];
const TOKENS = [
  '"__proto__":{"a":1},',
  '"constructor":',
  "\\ud800",
  "\\u0000",
  "{}",
  "[]",
  "null,",
  ",",
  "'",
  '"',
  "\r\n",
  "\ufeff",
];

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) =>
    changed(bytes, (copy) => {
      copy[random(copy.length)]! ^= 1 << random(8);
    }),
  (bytes, random) =>
    changed(bytes, (copy) => {
      copy[random(copy.length)] = pick(random, BYTES);
    }),
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => spliced(bytes, ...range(bytes, random), new Uint8Array(0)),
  function insertBytes(bytes, random) {
    const [at] = range(bytes, random);
    return spliced(
      bytes,
      at,
      at,
      Uint8Array.from({ length: random(9) }, () => random(256)),
    );
  },
  function insertToken(bytes, random) {
    const [at] = range(bytes, random);
    return spliced(bytes, at, at, new TextEncoder().encode(pick(random, TOKENS)));
  },
  function repeat(bytes, random) {
    const [from, to] = range(bytes, random);
    const times = pick(random, [1, 1, 2, 2, 10, 10, 100, 1000, 50_000]);
    if ((to - from) * times > LARGEST) return bytes;
    const run = new Uint8Array((to - from) * times);
    for (let at = 0; at < run.length; at += to - from) run.set(bytes.subarray(from, to), at);
    return spliced(bytes, to, to, run);
  },
  function move(bytes, random) {
    const [from, to] = range(bytes, random);
    const [at] = range(bytes, random);
    return spliced(bytes, at, at, bytes.subarray(from, to));
  },
  function cross(bytes, random, seeds) {
    const other = pick(random, seeds);
    const [from, to] = range(other, random);
    return spliced(bytes, ...range(bytes, random), other.subarray(from, to));
  },
  function blowUpField(bytes, random) {
    if (bytes.length < 8) return bytes;
    return changed(bytes, (copy) => {
      const view = new DataView(copy.buffer);
      const at = random(copy.length - 7);
      const size = random(2) === 0 ? pick(random, SIZES) : random(copy.length * 2);
      if (random(4) === 0) view.setBigUint64(at, BigInt(size) << BigInt(random(33)), true);
      else view.setUint32(at, size, true);
    });
  },
  function blowUpNumber(bytes, random) {
    const at = random(bytes.length);
    const from = bytes.findIndex((byte, i) => i >= at && byte >= 0x30 && byte <= 0x39);
    if (from < 0) return bytes;
    let to = from;
    while (bytes[to]! >= 0x30 && bytes[to]! <= 0x39) to++;
    return spliced(bytes, from, to, ascii(pick(random, [...NUMBERS, ...LONG_NUMBERS])));
  },
  function nest(bytes, random) {
    const [from, to] = range(bytes, random);
    const depth = pick(random, [1, 2, 15, 17, 17, 1000, 20_000]);
    const [open, close] = pick(random, [
      ["[", "]"],
      ['{"a":', "}"],
      ["(", ")"],
      ['"', '"'],
    ] as const);
    const inner = spliced(
      ascii(open.repeat(depth)),
      open.length * depth,
      open.length * depth,
      bytes.subarray(from, to),
    );
    return spliced(bytes, from, to, spliced(inner, inner.length, inner.length, ascii(close.repeat(depth))));
  },
];

/** One of the seeds with one to four changes. */
export function mutated(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = pick(random, seeds);
  for (let left = 1 + random(4); left > 0; left--) {
    const next = bytes.length === 0 ? bytes : pick(random, MUTATIONS)(bytes, random, seeds);
    if (next.length <= LARGEST) bytes = next;
  }
  return bytes;
}
