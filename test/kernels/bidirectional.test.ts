import { afterEach, describe, expect, test } from "vitest";
import { openBenches, pad, padded, unpad } from "../builds.ts";
import { type Golden, goldens } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { TOLERANCES } from "../tolerances.ts";
import { runCell } from "./cell.ts";
import { recurrentSample } from "./recurrent-sample.ts";

const MODES = ["sum", "mul", "ave"];

describe.each(await openBenches())("$build build", (bench) => {
  afterEach(() => bench.finish());
  const { k } = bench;

  /** Both directions of a golden's layer; dh in the order in which each takes its steps. */
  const run = (g: Golden, dhAhead: Float32Array, dhBack: Float32Array) => {
    const sizes = { B: g.setting("B"), T: g.setting("T"), I: g.setting("I"), H: g.setting("units") };
    const x = g.tensor("x");
    const weights = (first: number) => ({
      W: g.tensor(`w${first}`),
      U: g.tensor(`w${first + 1}`),
      b: g.tensor(`w${first + 2}`),
    });
    const ahead = runCell(bench, "lstm", { x, weights: weights(0), sizes, dh: dhAhead });
    const back = runCell(bench, "lstm", {
      ...{ x, weights: weights(3), sizes, dh: dhBack },
      fromEnd: true,
      dxBefore: ahead.dx!,
    });
    return { ahead, back };
  };

  /** Rows of a direction: its address, and where and at what stride a sequence's rows are in x's order. */
  const side = (values: Float32Array, H: number, T: number, reversed: boolean) => {
    const ld = padded(H);
    const block = bench.floats(pad(values, H));
    const at = (sequence: number) => {
      const first = block + sequence * T * ld * 4;
      return reversed ? ([first + (T - 1) * ld * 4, -ld] as const) : ([first, ld] as const);
    };
    return { at, read: () => unpad(bench.read(block, (values.length / H) * ld), H) };
  };

  test.each(goldens("bidirectional"))(
    "two directions, read and merged by strides, compute what Keras does: $name",
    (g) => {
      const H = g.setting("units");
      const B = g.setting("B");
      const sequences = g.shape("y").length === 3;
      const T = sequences ? g.setting("T") : 1;
      const mode = g.label("merge_mode");
      const none = new Float32Array(B * T * H);

      const forward = run(g, none, none);
      const output = ({ y, hT }: Record<string, Float32Array>) => (sequences ? y! : hT!);
      const a = side(output(forward.ahead), H, T, false);
      const b = side(output(forward.back), H, T, true);
      const width = mode === "concat" ? 2 * H : H;
      const ldy = padded(width);
      const [y, dy] = [bench.floats(B * T * ldy), bench.floats(pad(g.tensor("dy"), width))];
      const [da, db] = [side(none, H, T, false), side(none, H, T, true)];
      for (let s = 0; s < B; s++) {
        const [to, from] = [y, dy].map((block) => block + s * T * ldy * 4) as [number, number];
        if (mode === "concat") {
          k.copyRows(to, ldy, ...a.at(s), H, T);
          k.copyRows(to + H * 4, ldy, ...b.at(s), H, T);
          k.copyRows(...da.at(s), from, ldy, H, T);
          k.copyRows(...db.at(s), from + H * 4, ldy, H, T);
        } else {
          const code = MODES.indexOf(mode);
          k.mergeRows(to, ldy, ...a.at(s), ...b.at(s), ldy, T, code);
          k.mergeRowsBackward(...da.at(s), ...db.at(s), from, ldy, ...a.at(s), ...b.at(s), ldy, T, code);
        }
      }
      expectClose(unpad(bench.read(y, B * T * ldy), width), g.tensor("y"), TOLERANCES.kerasForward, "y");

      const { ahead, back } = run(g, da.read(), db.read());
      const found = {
        dx: back.dx,
        ...{ dw0: ahead.dW, dw1: ahead.dU, dw2: ahead.db },
        ...{ dw3: back.dW, dw4: back.dU, dw5: back.db },
      };
      for (const [key, gradient] of Object.entries(found)) {
        expectClose(gradient!, g.tensor(key), TOLERANCES.kerasGradient, key);
      }
    },
  );

  test.each(["lstm", "rnn", "gru", "gruBefore"] as const)(
    "a %s that takes x from its end gives the bits of one that takes x reversed",
    (cell) => {
      const sizes = { B: 3, T: 7, I: 5, H: 12 };
      const { T, I } = sizes;
      const blocks = { lstm: 4, rnn: 1, gru: 3, gruBefore: 3 } as const;
      const { x, weights, dh } = recurrentSample(blocks[cell], sizes);
      const reversed = <V extends Float32Array | Float64Array>(values: V) =>
        values.map((_, i) => {
          const [row, j] = [Math.floor(i / I), i % I];
          const [b, t] = [Math.floor(row / T), row % T];
          return values[(b * T + T - 1 - t) * I + j]!;
        });
      const { dx, ...fromEnd } = runCell(bench, cell, { x, weights, sizes, dh, fromEnd: true });
      const expected = runCell(bench, cell, { x: reversed(x), weights, sizes, dh });
      expect({ ...fromEnd, dx: reversed(dx!) }).toEqual(expected);
    },
  );
});
