import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Layer } from "../../src/layers/public.ts";
import { createRuntime, dense, type LstmConfig, lstm, simpleRNN } from "../../src/node.ts";
import { lstmBackward, lstmForward, type RecurrentWeights } from "./lstm.ts";
import type { Vector } from "./matrix.ts";
import { rnnBackward, rnnForward } from "./rnn.ts";
import { normals } from "./sample.ts";

const [T, I, H] = [80, 100, 64];
const STEPS = [79, 60, 40, 20, 0];

const norm = (v: Vector) => Math.hypot(...v);

async function initialWeights(make: (config: LstmConfig) => Layer): Promise<RecurrentWeights> {
  const kit = await createRuntime();
  const layers = [make({ units: H, inputShape: [null, I] }), dense({ units: 1 })];
  const model = await kit.sequential(layers, { seed: 22 });
  const [W, U, b] = (await model.getWeights()).map(({ data }) => Float64Array.from(data));
  await kit.close();
  return { W: W!, U: U!, b: b! };
}

/** ‖∂L/∂h_t‖ of L = r·h_T: dh0 of the run that starts in state t. */
function errorAt(t: number, cell: "lstm" | "rnn", weights: RecurrentWeights, scale: number): string {
  const x = normals(T * I, 22, scale);
  const direction = normals(H, 7);
  const r = direction.map((v) => v / norm(direction));
  const last = (steps: number) => {
    const dh = new Float64Array(steps * H);
    dh.set(r, (steps - 1) * H);
    return dh;
  };
  const rest = { B: 1, T: T - t, I, H };
  const xRest = x.slice(t * I);
  const row = (states: Vector) => states.slice(t * H, (t + 1) * H);
  if (cell === "rnn") {
    const h0 = row(rnnForward(x, weights, { B: 1, T, I, H }).hStates);
    const { dh0 } = rnnBackward(last(T - t), rnnForward(xRest, weights, rest, { h0 }));
    return norm(dh0).toExponential(1);
  }
  const whole = lstmForward(x, weights, { B: 1, T, I, H });
  const state = { h0: row(whole.hStates), c0: row(whole.cStates) };
  const { dh0 } = lstmBackward(last(T - t), lstmForward(xRest, weights, rest, state));
  return norm(dh0).toExponential(1);
}

test("the error flows back as the tables of docs/lstm.md say", async () => {
  const rnn = await initialWeights(simpleRNN);
  const cell = await initialWeights(lstm);
  const forgetBias = (bias: number) => ({ ...cell, b: cell.b.slice().fill(bias, H, 2 * H) });
  const page = readFileSync(new URL("../../docs/lstm.md", import.meta.url), "utf8");
  const lines = page.split("\n").map((line) => line.replace(/ +/g, " "));
  const rows = lines.filter((line) => /^\| (1|0\.03) \|( [^|]+ \|){6}$/.test(line));
  const expected = [1, 0.03].flatMap((scale) =>
    STEPS.map((t) => {
      const norms = [
        errorAt(t, "rnn", rnn, scale),
        errorAt(t, "rnn", { ...rnn, U: rnn.U.map((u) => 2 * u) }, scale),
        ...[0, 1, 3].map((bias) => errorAt(t, "lstm", forgetBias(bias), scale)),
      ];
      return `| ${[scale, t, ...norms].join(" | ")} |`;
    }),
  );
  expect(rows).toEqual(expected);
});
