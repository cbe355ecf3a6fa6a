import { describe, expect, it } from "vitest";
import type { Tensor, Trace } from "../../src/index.ts";
import { bidirectional, dense, gru, type Layer, lstm, simpleRNN } from "../../src/index.ts";
import type { Step } from "../../web/src/page.ts";
import { answersOf, passageOf } from "../../web/src/passage.ts";

const tensor = (...values: number[]): Tensor<Float32Array> => ({
  data: Float32Array.from(values),
  shape: [1, values.length / 2, 2],
});
const steps: Step[] = [
  { id: 0, word: "", kind: "padding" },
  { id: 1, word: "", kind: "start" },
  { id: 9, word: "free", kind: "known" },
  { id: 0, word: "", kind: "padding" },
];
const trace: Trace = {
  layers: [
    {
      name: "lstm",
      type: "lstm",
      units: 2,
      f: tensor(1, 1, 0.5, 0.5, 0, 1, 1, 1),
      i: tensor(0, 0, 0, 0, 0, 0, 0, 0),
      g: tensor(0, 0, 0, 0, 0, 0, 0, 0),
      o: tensor(0, 0, 0, 0, 0, 0, 0, 0),
      c: tensor(1, -1, 1, 3, 2, 5, 9, 9),
      h: tensor(0, 0, 0.1, 0.2, 0.3, 0.4, 0, 0),
    },
    { name: "simple_rnn", type: "simpleRNN", units: 2, h: tensor(0, 1, 2, 3, 4, 5, 6, 7) },
  ],
  outputs: { data: Float32Array.of(0.5, 0.25, 0.75, 1), shape: [1, 4, 1] },
};
const layers: Layer[] = [lstm({ units: 2, name: "lstm" }), simpleRNN({ units: 2, name: "simple_rnn" })];
const answers = [0.5, 0.25, 0.75, 1];

describe("passageOf", () => {
  it("leaves padding out, and tells what changes from the step before", () => {
    const passage = passageOf(trace, layers, answers, steps, {
      layer: 0,
      withPadding: false,
      order: "mean",
    })!;
    expect(passage.steps.map(({ word }) => word)).toEqual(["", "free"]);
    expect(Object.keys(passage.kinds).join("")).toBe("figcoh");
    expect([...passage.values.c!]).toEqual([1, 3, 2, 5]);
    expect([...passage.order]).toEqual([1, 0]);
    expect(passage.answers).toEqual([0.25, 0.75]);
    expect(passage.moves).toEqual([-0.25, 0.5]);
    expect(passage.erasures).toEqual([0.5, 0.25]);
    expect(passage.meanForget).toEqual([0.5, 0.5]);
  });

  it("shows padding where asked, and a simple RNN's state alone", () => {
    const passage = passageOf(trace, layers, answers, steps, {
      layer: 1,
      withPadding: true,
      order: "number",
    })!;
    expect(passage.rows).toBe(4);
    expect(Object.keys(passage.values)).toEqual(["h"]);
    expect(passage.erasures).toBeUndefined();
  });

  it.each([
    { layer: gru({ units: 2, name: "own" }), kinds: ["u", "r", "g", "h"], carried: "h" },
    {
      layer: bidirectional({ layer: gru({ units: 2 }), name: "own" }),
      kinds: ["u", "r", "g", "h"]
        .map((name) => `${name}_forward`)
        .concat("u_backward", "r_backward", "g_backward", "h_backward"),
      carried: "h_forward",
    },
  ])("shows what a $layer.type has, its units by what it carries on", ({ layer, kinds, carried }) => {
    const flat = tensor(0, 0, 0, 0, 0, 0, 0, 0);
    const own = Object.fromEntries(kinds.map((name) => [name, flat]));
    const values = { ...own, [carried]: tensor(0, 0, 0, 1, 0, 2, 0, 0) };
    const made = { layers: [{ name: "own", type: layer.type, units: 2, ...values }], outputs: trace.outputs };
    const options = { layer: 0, withPadding: false, order: "mean" } as const;
    const passage = passageOf(made, [layer], answers, steps, options)!;
    expect(Object.keys(passage.kinds)).toEqual(kinds);
    expect([...passage.order]).toEqual([1, 0]);
    expect(passage.erasures).toBeUndefined();
  });

  it("has nothing to show of padding alone", () => {
    const options = { layer: 0, withPadding: false, order: "number" } as const;
    expect(passageOf(trace, layers, answers, steps.slice(0, 1), options)).toBeUndefined();
  });
});

it("answersOf takes what a linear head gives for logits", () => {
  const heads = (activation: "linear" | "sigmoid") => [
    simpleRNN({ units: 2 }),
    dense({ units: 1, activation }),
  ];
  expect(answersOf(trace, heads("sigmoid"))).toEqual(answers);
  expect(answersOf(trace, heads("linear"))[0]).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 12);
});
