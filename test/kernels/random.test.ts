import { afterEach, describe, expect, test } from "vitest";
import { openBenches } from "../builds.ts";
import { type FourWords, philox4x32, unitDraw } from "../reference/random.ts";

// The three "philox4x32 10" lines of kat_vectors in the Random123 distribution.
const KNOWN_ANSWERS: { counter: FourWords; key: [number, number]; random: FourWords }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], random: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    random: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    random: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

const SEED = 0xfedcba98; // above 2³¹: seeds are unsigned

const initializerKey = (tensor: number): [number, number] => [SEED, (1 << 16) | tensor];

const mean = (xs: Float32Array, of = (x: number) => x) => xs.reduce((sum, x) => sum + of(x), 0) / xs.length;

/** Abramowitz and Stegun 7.1.26; its error is below 1.5e-7. */
function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const p = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592].reduce(
    (s, a) => s * t + a,
    0,
  );
  const tail = (p * t * Math.exp((-x * x) / 2)) / 2;
  return x > 0 ? 1 - tail : tail;
}

/** Kolmogorov and Smirnov's distance, over what 1 % of true samples exceed. */
function kolmogorovSmirnov(xs: Float32Array, cdf: (x: number) => number): number {
  const n = xs.length;
  const distance = xs.sort().reduce((most, x, i) => {
    return Math.max(most, Math.abs(cdf(x) - i / n), Math.abs(cdf(x) - (i + 1) / n));
  }, 0);
  return distance / (1.63 / Math.sqrt(n));
}

const MANY = 1 << 16;

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  test.each(KNOWN_ANSWERS)(
    "philox gives Random123's known answer to $counter",
    ({ counter, key, random }) => {
      const out = bench.ints(4);
      k.philox(out, ...key, ...counter);
      expect([...bench.readInts(out, 4)].map((word) => word >>> 0)).toEqual(random);
    },
  );

  const uniform = (n: number, low: number, high: number, seed: number, tensor: number, first = 0) => {
    const out = bench.floats(Math.ceil(n / 4) * 4);
    k.uniform(out, n, low, high, seed, tensor, first);
    return bench.read(out, n);
  };

  test("uniform scales Philox's words, to the bit", () => {
    const [low, high] = [-0.25, 0.5].map(Math.fround) as [number, number];
    const expected = Float32Array.from({ length: 13 }, (_, i) => {
      return Math.fround(unitDraw(i, initializerKey(5)) * Math.fround(high - low)) + low;
    });
    expect(uniform(13, low, high, SEED, 5)).toEqual(expected);
  });

  test("uniform fills its range evenly", () => {
    const xs = uniform(MANY, -0.05, 0.05, SEED, 1);
    expect(xs.every((x) => x >= Math.fround(-0.05) && x < Math.fround(0.05))).toBe(true);
    expect(Math.abs(mean(xs))).toBeLessThan(3 * (0.1 / Math.sqrt(12 * MANY)));
    expect(mean(xs, (x) => x * x) / (0.1 ** 2 / 12)).toBeCloseTo(1, 1);
    expect(kolmogorovSmirnov(xs, (x) => (x + 0.05) / 0.1)).toBeLessThan(1);
  });

  test("uniform differs by seed and by tensor, and repeats itself", () => {
    const first = uniform(9, 0, 1, 22, 3);
    expect(uniform(9, 0, 1, 22, 3)).toEqual(first);
    expect(uniform(9, 0, 1, 23, 3)).not.toEqual(first);
    expect(uniform(9, 0, 1, 22, 4)).not.toEqual(first);
    expect(uniform(5, 0, 1, 22, 3)).toEqual(first.subarray(0, 5));
  });

  test("uniform begins at any multiple of 4 of a tensor's numbers", () => {
    const all = uniform(29, -1, 1, 22, 3);
    expect(uniform(17, -1, 1, 22, 3, 12)).toEqual(all.subarray(12));
  });

  const normal = (n: number, tensor: number) => {
    const out = bench.floats(Math.ceil(n / 4) * 4);
    k.normal(out, n, SEED, tensor);
    return bench.read(out, n);
  };

  test("normal is Box and Muller's transform of Philox's words", () => {
    const expected = Float64Array.from({ length: 400 }, (_, i) => {
      const [u, v] = [unitDraw(i & ~1, initializerKey(2)), unitDraw(i | 1, initializerKey(2))];
      const radius = Math.sqrt(-2 * Math.log(1 - u));
      return radius * (i % 2 === 0 ? Math.cos(2 * Math.PI * v) : Math.sin(2 * Math.PI * v));
    });
    const found = normal(400, 2);
    const error = Math.max(...expected.map((x, i) => Math.abs(x - found[i]!)));
    expect(error).toBeLessThan(2e-6);
  });

  test("normal has the moments and the distribution of the normal law", () => {
    const xs = normal(MANY, 0);
    const spread = 1 / Math.sqrt(MANY);
    expect(Math.abs(mean(xs))).toBeLessThan(3 * spread);
    expect(Math.abs(mean(xs, (x) => x ** 2) - 1)).toBeLessThan(3 * Math.sqrt(2) * spread);
    expect(Math.abs(mean(xs, (x) => x ** 3))).toBeLessThan(3 * Math.sqrt(15) * spread);
    expect(Math.abs(mean(xs, (x) => x ** 4) - 3)).toBeLessThan(3 * Math.sqrt(96) * spread);
    const neighbours = mean(xs.map((x, i) => x * (xs[i ^ 1] ?? 0)));
    expect(Math.abs(neighbours)).toBeLessThan(3 * spread);
    expect(kolmogorovSmirnov(xs, normalCdf)).toBeLessThan(1);
  });

  const orthogonal = (rows: number, cols: number, tensor = 1) => {
    const n = rows * cols;
    const out = bench.floats(Math.ceil(n / 4) * 4);
    k.orthogonal(out, bench.floats(2 * n), rows, cols, SEED, tensor);
    return bench.read(out, n);
  };

  test.each([
    { rows: 5, cols: 5 },
    { rows: 64, cols: 256 },
    { rows: 4, cols: 20 },
    { rows: 12, cols: 3 },
    { rows: 1, cols: 7 },
    { rows: 1, cols: 1 },
  ])("orthogonal makes orthonormal rows, or columns where there are more rows: $rows × $cols", (size) => {
    const { rows, cols } = size;
    const q = orthogonal(rows, cols);
    const [count, length] = [Math.min(rows, cols), Math.max(rows, cols)];
    const at = (i: number, j: number) => q[rows < cols ? i * cols + j : j * cols + i]!;
    let worst = 0;
    for (let a = 0; a < count; a++) {
      for (let b = 0; b <= a; b++) {
        let dot = a === b ? -1 : 0;
        for (let j = 0; j < length; j++) dot += at(a, j) * at(b, j);
        worst = Math.max(worst, Math.abs(dot));
      }
    }
    expect(worst).toBeLessThan(1e-6);
  });

  test("orthogonal's first vector is the normal one it started from, not its negative", () => {
    const start = normal(20, 1).subarray(0, 5);
    const length = Math.hypot(...start);
    const first = orthogonal(4, 5).subarray(0, 5);
    start.forEach((x, j) => {
      expect(first[j]).toBeCloseTo(x / length, 6);
    });
  });

  test("orthogonal differs by tensor", () => {
    expect(orthogonal(4, 4, 1)).not.toEqual(orthogonal(4, 4, 2));
  });

  const shuffle = (n: number, seed: number, epoch: number) => {
    const order = bench.ints(n);
    k.shuffle(order, bench.floats(4), n, seed, epoch);
    return [...bench.readInts(order, n)];
  };

  test.each([1, 2, 3, 7, 1000])("shuffle of %i is a permutation", (n) => {
    const order = shuffle(n, SEED, 0);
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  test("shuffle is Fisher and Yates's, drawing from Philox", () => {
    const expected = Array.from({ length: 11 }, (_, i) => i);
    for (let i = 10, drawn = 0; i > 0; i--, drawn++) {
      const word = philox4x32([Math.floor(drawn / 4), 0, 0, 6], [SEED, 2 << 16])[drawn % 4]!;
      const j = Math.floor((word * (i + 1)) / 2 ** 32);
      [expected[i], expected[j]] = [expected[j]!, expected[i]!];
    }
    expect(shuffle(11, SEED, 6)).toEqual(expected);
  });

  test("shuffle differs by epoch and by seed, and repeats itself", () => {
    const first = shuffle(50, 22, 1);
    expect(shuffle(50, 22, 1)).toEqual(first);
    expect(shuffle(50, 22, 2)).not.toEqual(first);
    expect(shuffle(50, 23, 1)).not.toEqual(first);
  });

  test("shuffle gives each of the 24 orders of four its share", () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 2400; epoch++) {
      const order = shuffle(4, SEED, epoch).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 100) ** 2 / 100, 0);
    expect(counts.size).toBe(24);
    expect(chiSquare).toBeLessThan(41.6); // 23 degrees of freedom, 1 %
  });

  interface Draw {
    n: number;
    rate: number;
    seed: number;
    layer: number;
    sample: number;
    step: number;
    epoch: number;
  }
  const DRAW: Draw = { n: 103, rate: 0.5, seed: SEED, layer: 2, sample: 3, step: 5, epoch: 7 };
  const keep = (changed: Partial<Draw> = {}) => {
    const { n, rate, seed, layer, sample, step, epoch } = { ...DRAW, ...changed };
    const kept = bench.ints(n);
    const count = k.dropoutKeep(kept, bench.floats(4), n, rate, seed, layer, sample, step, epoch);
    return [...bench.readInts(kept, count)];
  };

  test("dropoutKeep keeps the inputs whose word is not below the rate, ascending", () => {
    const stream = (i: number) => unitDraw(i, [SEED, (3 << 16) | 2], [3, 5, 7]);
    for (const rate of [0.25, 0.5, 0.9]) {
      const expected = Array.from({ length: 103 }, (_, i) => i).filter((i) => stream(i) >= Math.fround(rate));
      expect(keep({ rate })).toEqual(expected);
    }
  });

  test("dropoutKeep keeps an input whose word is the rate itself", () => {
    const rate = unitDraw(5, [SEED, (3 << 16) | 2], [3, 5, 7]);
    expect(keep({ rate })).toContain(5);
    expect(keep({ rate: rate + 2 ** -24 })).not.toContain(5);
  });

  test.each([0.1, 0.5, 0.8])("dropoutKeep drops a share of %f", (rate) => {
    const n = 40_000;
    const share = 1 - keep({ n, rate }).length / n;
    expect(Math.abs(share - rate)).toBeLessThan(3 * Math.sqrt((rate * (1 - rate)) / n));
  });

  test("dropoutKeep keeps all at rate 0, and may keep none", () => {
    expect(keep({ rate: 0 })).toHaveLength(103);
    expect(keep({ n: 1, rate: 0.999 })).toEqual([]);
  });

  test.each(["seed", "layer", "sample", "step", "epoch"] as const)(
    "dropoutKeep depends on the %s",
    (what) => {
      expect(keep()).toEqual(keep());
      expect(keep({ [what]: DRAW[what] + 1 })).not.toEqual(keep());
    },
  );
});
