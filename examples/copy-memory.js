/**
 * Copy memory: ten symbols of eight, a gap of blanks, a signal, and the ten symbols are to be said again
 * (Hochreiter and Schmidhuber 1997; in this form Arjovsky, Shah and Bengio 2016).
 *
 *   npm run build && npm ci --prefix examples && node examples/copy-memory.js [gap]
 *
 * Who remembers nothing loses 10·ln 8 / (gap + 20) a step, and there a model that begins with the whole gap stays for
 * thousands of batches. Here the gap grows as it learns, a curriculum (Bengio et al. 2009): a model takes sequences of
 * any length.
 */
import { createRuntime, dense, embedding, gru } from "lstmkit";
import { RandomState } from "lstmkit/data";

const GAP = Number(process.argv[2] ?? 100);
const SYMBOLS = 10;
const [BLANK, SIGNAL, CLASSES] = [0, 9, 10];
const BATCHES = 50; // a round
const BATCH = 64;
const random = new RandomState(7);

/** So many sequences of ids, and what is to be said at each step. */
function sequences(count, gap) {
  const T = gap + 2 * SYMBOLS;
  const x = new Int32Array(count * T).fill(BLANK);
  const y = new Int32Array(count * T).fill(BLANK);
  for (let s = 0; s < count; s++) {
    for (let i = 0; i < SYMBOLS; i++) {
      const symbol = 1 + random.interval(7);
      x[s * T + i] = symbol;
      y[s * T + T - SYMBOLS + i] = symbol;
    }
    x[s * T + T - SYMBOLS - 1] = SIGNAL;
  }
  return [
    { data: x, shape: [count, T] },
    { data: y, shape: [count, T] },
  ];
}

const kit = await createRuntime({ threads: "auto" });
const model = await kit.sequential(
  [
    embedding({ inputDim: CLASSES, outputDim: 16 }),
    gru({ units: 128, returnSequences: true }),
    dense({ units: CLASSES, activation: "softmax" }),
  ],
  { seed: 1 },
);
await model.compile({
  optimizer: { name: "adam", learningRate: 2e-3 },
  loss: "sparseCategoricalCrossentropy",
  metrics: ["accuracy"],
});
const start = performance.now();
let gap = 1;
for (let round = 1; round <= 400; round++) {
  await model.fit(...sequences(BATCHES * BATCH, gap), { batchSize: BATCH });
  const { loss, accuracy } = await model.evaluate(...sequences(256, gap));
  const forgetful = (SYMBOLS * Math.log(8)) / (gap + 2 * SYMBOLS);
  const percent = (accuracy * 100).toFixed(2);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `batch ${round * BATCHES}, gap ${gap}: loss ${loss.toFixed(4)} (who forgets: ${forgetful.toFixed(4)}), ` +
      `${percent} % of the steps right, ${seconds} s`,
  );
  if (gap === GAP && loss < forgetful / 50) break;
  if (loss < forgetful / 10) gap = Math.min(GAP, Math.ceil(gap * 1.5));
}
console.log(await model.digest());
await kit.close();
