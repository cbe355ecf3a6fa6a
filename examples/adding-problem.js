/**
 * The adding problem: a sequence of T random numbers, two of them marked, and their sum is wanted
 * (Hochreiter and Schmidhuber 1997; T = 600 as in Bai, Kolter and Koltun 2018, who report 5.3e-5 for a GRU).
 *
 *   npm run build && npm ci --prefix examples && node examples/adding-problem.js [timesteps]
 *
 * Always answering 1 has an error of 0.167. Every batch is new; the error is that of 1,000 other sequences.
 */
import { createRuntime, dense, gru } from "lstmkit";
import { RandomState } from "lstmkit/data";

const T = Number(process.argv[2] ?? 600);
const BATCHES = 100; // a round
const BATCH = 32;
const random = new RandomState(7);

/** So many sequences of (number, mark), and the sums of the two marked numbers. */
function sequences(count) {
  const x = new Float32Array(count * T * 2);
  const y = new Float32Array(count);
  for (let s = 0; s < count; s++) {
    const marked = [
      random.interval(Math.floor(T / 2) - 1),
      Math.floor(T / 2) + random.interval(Math.floor(T / 2) - 1),
    ];
    for (let t = 0; t < T; t++) {
      const value = random.interval(2 ** 24 - 1) / 2 ** 24;
      const mark = marked.includes(t);
      x.set([value, mark ? 1 : 0], (s * T + t) * 2);
      if (mark) y[s] += value;
    }
  }
  return [{ data: x, shape: [count, T, 2] }, y];
}

const kit = await createRuntime({ threads: "auto" });
const model = await kit.sequential([gru({ units: 64, inputShape: [T, 2] }), dense({ units: 1 })], {
  seed: 1,
});
await model.compile({
  optimizer: { name: "adam", learningRate: 2e-3, globalClipnorm: 1 },
  loss: "meanSquaredError",
});
const test = sequences(1000);
const start = performance.now();
for (let round = 1; round <= 100; round++) {
  const { history } = await model.fit(...sequences(BATCHES * BATCH), { epochs: 1, batchSize: BATCH });
  const { loss } = await model.evaluate(...test);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `batch ${round * BATCHES}: loss ${history.loss[0].toExponential(1)}, test ${loss.toExponential(1)}, ${seconds} s`,
  );
  if (loss < 5e-4) break;
}
console.log(await model.digest());
await kit.close();
