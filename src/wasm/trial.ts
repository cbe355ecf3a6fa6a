/**
 * Known answers: kernels in the code that will run, against the same kernels in code that V8's pass has not touched.
 *
 * Pinned answers would hold for strict math alone, and change with every kernel; what is in doubt here is the pass,
 * and of the same engine the unmerged code is right in both.
 */
import type { Kernels } from "./kernels.ts";
import type { LinearMemory } from "./memory.ts";

/** Bytes that the largest case takes. */
const ROOM = 256 * 1024;

/** Where values are, from `least` to below `most`, in the block where both run. Default -1 and 1. */
type Place = (length: number, least?: number, most?: number) => number;

type Case = (k: Kernels, at: Place) => void;

/** Sizes that fill tiles and lanes, and leave something over. */
const [R, T, H] = [5, 2, 24];
const [ROWS, STATES] = [R * T * H, R * (T + 1) * H];

type Mask = readonly [mask: number, maskStep: number, maskSequence: number];
type Zone = readonly [zone: number, zoneStep: number, zoneSequence: number];
const NO_MASK: Mask = [0, 0, 0];
const NO_ZONE: Zone = [0, 0, 0];

/** What a cell is run with: nothing else; dropout of states; every step masked; zoneout. */
const variants = (at: Place): readonly { m: number; mask: Mask; zone: Zone }[] => [
  { m: 0, mask: NO_MASK, zone: NO_ZONE },
  { m: at(R * H), mask: NO_MASK, zone: NO_ZONE },
  { m: 0, mask: [at(R * T, 0, 0), 1, T], zone: NO_ZONE },
  { m: 0, mask: NO_MASK, zone: [at(ROWS, 0), H, T * H] },
];

/** Zoneout of both states of an LSTM, with the same draws. */
const bothOf = ([zone, ...steps]: Zone) => [zone, zone, ...steps] as const;

/** What every model needs. */
const COMMON: Record<string, Case> = {
  products(k, at) {
    const [M, N, K] = [7, 56, 9];
    const [a, b, bias] = [at(M * K), at(N * K), at(N)];
    k.product(at(M * N), N, 0, 0, 0, a, b, M, N, K);
    k.product(at(M * N), N, 0, bias, 0, a, b, M, N, K);
    const sum = at(M * N);
    k.product(sum, N, 0, sum, N, a, b, M, N, K);
    k.product(at(N), N, 0, bias, 0, a, b, 1, N, K);
  },
  packing(k, at) {
    const [M, K] = [7, 24];
    const from = at(K * K);
    k.packRows(at(M * K), from, K, M, K);
    k.packColumns(at(M * K), from, K, M, K);
    k.packPanels(at(K * K), from, K, 0, K, K);
    k.packPanelsTransposed(at(K * K), from, K, 0, K, K);
  },
  elements(k, at) {
    const n = 48;
    for (const activation of [1, 2, 3, 4]) {
      const y = at(n, -4, 4);
      k.activationForward(y, n, activation);
      k.activationBackward(at(n), y, n, activation);
    }
    k.flushFaint(at(n), n);
    k.weighRows(at(2), at(n), at(2), 2, n / 2);
    k.penaltyBackward(at(n), at(n), n, 0.5, 0.25);
  },
  "sums of biases": (k, at) => k.sumPanels(at(40), at(40 * 7), 7, 40),
  optimisers(k, at) {
    const n = 48;
    const many = (count: number) => Array.from({ length: count }, () => at(n, 0));
    const [w, g] = [() => at(n), () => at(n)];
    const [m0, v0, most] = many(3) as [number, number, number];
    k.adam(w(), m0, v0, most, g(), 0, n, 0.01, 0.9, 0.999, 1e-7, 3);
    const [m1, v1] = many(2) as [number, number];
    k.nadam(w(), m1, v1, g(), 0, n, 0.01, 0.9, 0.999, 1e-7, 3, 1);
    k.adagrad(w(), at(n, 0), g(), 0, n, 0.01, 0.1, 1e-7, 1);
    k.rmsprop(w(), at(n, 0), 0, at(n), g(), 0, n, 0.01, 0.9, 0.9, 1e-7, 1);
    k.lion(w(), at(n), g(), n, 0.01, 0.9, 0.99, 1);
    k.sgd(w(), at(n), g(), n, 0.01, 0.9, 1, 1);
    k.decay(w(), n, 0.01);
    k.average(at(n), w(), n, 0.99);
    k.scale(w(), n, 0.5);
    k.limit(w(), n, 0.5);
    k.sumShards(at(n), at(3 * n), 3, n, n);
  },
};

/**
 * Those of a layer, by its type. The way back of a cell has values of its own, so that it hides nothing of the way there.
 */
const LAYERS: Record<string, Case> = {
  embedding(k, at) {
    const [count, ids] = [7, at(7, 0, 0)];
    k.embeddingBackward(at(2 * H), at(2 * H), at(count * H), ids, count, H, 0, 1);
    k.limitPlaces(at(count * H), ids, count, H, 0, 1, 0.5);
    k.addRows(at(2 * H), at(count * H), ids, count, H, 1);
  },
  lstm(k, at) {
    const [u, a] = [at(4 * H * H), at(R * 4 * H)];
    for (const { m, mask, zone } of variants(at)) {
      const there = [at(4 * ROWS), at(STATES), at(STATES), at(ROWS)] as const; // z, c, h, tc
      k.lstmForward(...there, u, 0, a, R, T, H, H, ...mask, m, at(ROWS), ...bothOf(zone));
      const [z, c, tc, dh, dhState] = [at(4 * ROWS), at(STATES), at(ROWS), at(ROWS), at(R * H)];
      const [dcState, flow, dm] = [at(R * H), at(2 * ROWS), at(R * H)];
      k.lstmBackward(z, c, tc, dh, dhState, dcState, flow, u, a, R, T, H, ...mask, m, dm, ...bothOf(zone));
    }
  },
  gru(k, at) {
    const [u, a, b] = [at(3 * H * H), at(R * 3 * H), at(3 * H)];
    for (const { m, mask, zone } of variants(at)) {
      const [z, v, h] = [at(3 * ROWS), at(3 * ROWS), at(STATES)];
      k.gruForward(z, v, h, b, u, 0, a, R, T, H, H, ...mask, m, at(ROWS), ...zone);
      k.gruBeforeForward(
        at(3 * ROWS),
        at(STATES),
        at(ROWS),
        u,
        0,
        a,
        R,
        T,
        H,
        H,
        ...mask,
        m,
        at(ROWS),
        ...zone,
      );
      const [dh, dm] = [at(ROWS), at(R * H)];
      k.gruBackward(
        ...([at(3 * ROWS), at(3 * ROWS), at(STATES), dh, at(R * H), at(ROWS), u, a] as const),
        ...([R, T, H, ...mask, m, dm, ...zone] as const),
      );
      k.gruBeforeBackward(
        ...([at(3 * ROWS), at(STATES), dh, at(R * H), at(ROWS), u, a] as const),
        ...([R, T, H, ...mask, m, at(ROWS), dm, ...zone] as const),
      );
    }
  },
  simpleRNN(k, at) {
    const [u, a] = [at(H * H), at(R * H)];
    for (const { m, mask, zone } of variants(at)) {
      k.rnnForward(at(ROWS), at(STATES), u, 0, a, R, T, H, H, ...mask, m, at(ROWS), ...zone);
      const [dz, h, dh, dhState, flow] = [at(ROWS), at(STATES), at(ROWS), at(R * H), at(ROWS)];
      k.rnnBackward(dz, h, dh, dhState, flow, u, a, R, T, H, ...mask, m, at(R * H), ...zone);
    }
  },
  minGRU(k, at) {
    for (const { mask } of variants(at)) {
      k.minGruForward(at(2 * ROWS), at(STATES), R, T, H, ...mask);
      k.minGruBackward(at(2 * ROWS), at(STATES), at(ROWS), at(R * H), at(ROWS), R, T, H, ...mask);
    }
  },
  minLSTM(k, at) {
    for (const { mask } of variants(at)) {
      k.minLstmForward(at(3 * ROWS), at(ROWS), at(STATES), R, T, H, ...mask);
      k.minLstmBackward(at(3 * ROWS), at(ROWS), at(STATES), at(ROWS), at(R * H), at(ROWS), R, T, H, ...mask);
    }
  },
  peepholeLSTM(k, at) {
    const [u, a, peepholes] = [at(4 * H * H), at(R * 4 * H), [at(H), at(H), at(H)] as const];
    for (const { m, mask } of variants(at)) {
      const there = [at(4 * ROWS), at(STATES), at(STATES), at(ROWS)] as const; // z, c, h, tc
      k.peepholeLstmForward(...there, ...peepholes, u, 0, a, R, T, H, H, ...mask, m, at(ROWS));
      const [z, c, tc, dh, dhState] = [at(4 * ROWS), at(STATES), at(ROWS), at(ROWS), at(R * H)];
      k.peepholeLstmBackward(
        ...([z, c, tc, dh, dhState, at(R * H), at(2 * ROWS), at(R * 3 * H), ...peepholes, u, a] as const),
        ...([R, T, H, ...mask, m, at(R * H)] as const),
      );
    }
  },
  layerNormLSTM(k, at) {
    const [u, a] = [at(4 * H * H), at(R * 4 * H)];
    const [gv, bv, gc, bc, b] = [at(4 * H), at(4 * H), at(H), at(H), at(4 * H)];
    for (const { m, mask } of variants(at)) {
      const there = [at(4 * ROWS), at(STATES), at(STATES), at(ROWS)] as const; // z, c, h, tc
      const normalized = [at(4 * ROWS), at(R * T), at(ROWS), at(R * T)] as const; // v, sv, ch, sc
      k.layerNormLstmForward(
        ...([...there, ...normalized, gv, bv, gc, bc, b, u, 0, a] as const),
        ...([R, T, H, H, 0.001, ...mask, m, at(ROWS)] as const),
      );
      const [z, v, c, tc, ch] = [at(4 * ROWS), at(4 * ROWS), at(STATES), at(ROWS), at(ROWS)];
      const [sv, sc, dh, dhState, dcState] = [at(R * T), at(R * T), at(ROWS), at(R * H), at(R * H)];
      k.layerNormLstmBackward(
        ...([
          z,
          v,
          c,
          tc,
          ch,
          sv,
          sc,
          dh,
          dhState,
          dcState,
          at(2 * ROWS),
          at(R * 6 * H),
          gv,
          gc,
          u,
          a,
        ] as const),
        ...([R, T, H, H, ...mask, m, at(R * H)] as const),
      );
    }
  },
};

/** What a model with weights in int8 needs beside. */
const INT8: Record<string, Case> = {
  "products of int8"(k, at) {
    const [M, N, K] = [7, 56, 13];
    const [x, w, e, d] = [at(M * 16), at(N * K), at(16, 0.5), at(N, 0.005)];
    const [a, b, bias] = [at(M * K), at(N * K), at(N)];
    k.packPanelsInt8(b, w, N, e, d, K, 0, N);
    k.packRowsInt8(a, x, 16, e, M, K);
    k.productInt8(at(M * N), N, 0, 0, a, b, M, N, K);
    k.productInt8(at(M * N), N, bias, 0, a, b, M, N, K);
    const sum = at(M * N);
    k.productInt8(sum, N, sum, N, a, b, M, N, K);
  },
};

const CASES = { ...COMMON, ...LAYERS, ...INT8 };

/** The types among layers and those within them that have a case of their own; whatever the layers are. */
export function familiesOf(layers: unknown): string[] {
  if (!Array.isArray(layers)) return [];
  const names = layers.flatMap((given: unknown) => {
    const { type, layer } = Object(given) as { type?: unknown; layer?: unknown };
    const own = typeof type === "string" && Object.hasOwn(LAYERS, type) ? [type] : [];
    return layer === undefined ? own : [...own, ...familiesOf([layer])];
  });
  return [...new Set(names)];
}

/** The families that every model needs. */
export const COMMON_FAMILIES = Object.keys(COMMON);

/** Those that weights in int8 need beside. */
export const INT8_FAMILIES = Object.keys(INT8);

/** Kernels whose code is in doubt, and the same that are not. */
export class Trial {
  readonly #right: Kernels;
  readonly #tried: Kernels;
  readonly #memory: LinearMemory;

  /** @param memory that both run on */
  constructor(right: Kernels, tried: Kernels, memory: LinearMemory) {
    this.#right = right;
    this.#tried = tried;
    this.#memory = memory;
  }

  /**
   * Run each family so many times, comparing every run.
   *
   * @returns the first family that differs in a bit, or null
   */
  run(families: readonly string[], runs: number): string | null {
    const block = this.#memory.allocate(ROOM, "the trial of 256-bit kernels");
    try {
      return families.find((family) => !this.#agree(CASES[family]!, block, runs)) ?? null;
    } finally {
      this.#memory.free(block);
    }
  }

  #agree(run: Case, block: number, runs: number): boolean {
    const answer = this.#answer(run, this.#right, block);
    for (let i = 0; i < runs; i++) {
      const tried = this.#answer(run, this.#tried, block);
      if (tried.some((word, at) => word !== answer[at])) return false;
    }
    return true;
  }

  /** Every word of the block after a run from the same values. */
  #answer(run: Case, kernels: Kernels, block: number): Int32Array {
    let [end, state] = [block, 1];
    run(kernels, (length, least = -1, most = 1) => {
      const address = end;
      const values = this.#memory.f32(address, length);
      for (let i = 0; i < length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        values[i] = least + ((most - least) * (state >>> 8)) / 2 ** 24;
      }
      end += Math.ceil(length / 16) * 64;
      if (end > block + ROOM) throw new Error("a case of the trial needs more room");
      return address;
    });
    return this.#memory.i32(block, (end - block) / 4).slice();
  }
}
