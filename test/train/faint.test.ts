import { afterAll, expect, test } from "vitest";
import {
  createRuntime,
  dense,
  gru,
  type Layer,
  lstm,
  minGRU,
  minLSTM,
  peepholeLSTM,
  simpleRNN,
} from "../../src/node.ts";
import { normals } from "../reference/sample.ts";

const kit = await createRuntime({ threads: 1 });
afterAll(() => kit.close());

const CELLS = { lstm, gru, simpleRNN, minGRU, minLSTM, peepholeLSTM };
const [N, T, I] = [6, 9, 5];
const sized = (size: number) => ({
  data: Float32Array.from(normals(N * T * I, 3), (x) => x * size),
  shape: [N, T, I],
});

test.each(Object.entries(CELLS))("%s trains on subnormal numbers as on zeros", async (_, cell) => {
  const trained = async (size: number) => {
    const layers: Layer[] = [cell({ units: 8, inputShape: [T, I] }), dense({ units: 1 })];
    const model = await kit.sequential(layers, { seed: 4 });
    await model.compile({ loss: "meanSquaredError" });
    await model.fit(sized(size), new Float32Array(N).fill(1), { batchSize: 3 });
    return model.digest();
  };
  const zeros = await trained(0);
  expect(await trained(1e-39)).toBe(zeros);
  expect(await trained(1e-44)).toBe(zeros);
  expect(await trained(1)).not.toBe(zeros);
});

test("what stands below is given zeros, whatever its kind", async () => {
  const model = await kit.sequential([dense({ units: 3, inputShape: [I] })], { seed: 4 });
  const data = Float32Array.from(normals(N * I, 3), (x) => x * 1e-39);
  expect(data.some((x) => x !== 0)).toBe(true);
  expect(Math.max(...[...(await model.predict({ data, shape: [N, I] })).data].map(Math.abs))).toBe(0);
});

test("features of 1e-20 are no zeros", async () => {
  const model = await kit.sequential([simpleRNN({ units: 8, inputShape: [T, I] })], { seed: 4 });
  const [small, usual] = [await model.predict(sized(1e-20)), await model.predict(sized(1e-3))];
  for (const [i, y] of [...small.data].entries()) expect(y * 1e17).toBeCloseTo(usual.data[i]! * 1, 3);
  expect([...small.data].every((y) => y !== 0)).toBe(true);
});

test.each(Object.entries(CELLS))(
  "%s forgets to exact zeros, never by subnormal states",
  async (name, cell) => {
    const options = name === "lstm" || name === "peepholeLSTM" ? { unitForgetBias: false } : {};
    const long = 1200;
    const model = await kit.sequential(
      [cell({ units: 8, inputShape: [long, I], returnSequences: true, ...options })],
      { seed: 4 },
    );
    const data = new Float32Array(long * I);
    data.set(normals(I, 5));
    const { data: states } = await model.predict({ data, shape: [1, long, I] });
    const sizes = [...states].map(Math.abs);
    expect(sizes.filter((size) => size > 0 && size < 2 ** -101)).toEqual([]);
    if (name !== "simpleRNN") expect(sizes.at(-1)).toBe(0); // its U keeps lengths
  },
);

test("a stream takes subnormal numbers for zeros, too", async () => {
  const model = await kit.sequential([lstm({ units: 8, inputShape: [null, I] })], { seed: 4 });
  const answers = async (size: number) => {
    const stream = await model.stream();
    const outputs = [];
    for (let t = 0; t < 4; t++) outputs.push([...(await stream.step(Array(I).fill(size)))]);
    await stream.dispose();
    return outputs;
  };
  expect(await answers(1e-40)).toEqual(await answers(0));
});
