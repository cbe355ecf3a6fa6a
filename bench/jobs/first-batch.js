/** From the import to the end of the first batch's training: `first-batch.js <math> <threads> <folder>`. */
import { readArrays, report } from "./process-report.js";

const [math, threads, folder] = process.argv.slice(2);
const { train } = await readArrays(folder);
const start = performance.now();
const { createRuntime, dense, embedding, lstm } = await import("../../dist/node.js");
const kit = await createRuntime({ math, threads: Number(threads) });
const model = await kit.sequential(
  [
    embedding({ inputDim: 10_000, outputDim: 100 }),
    lstm({ units: 64, dropout: 0.5, returnSequences: true }),
    lstm({ units: 64, dropout: 0.5 }),
    dense({ units: 1, activation: "sigmoid" }),
  ],
  { seed: 22 },
);
await model.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
const [x, y] = train.map(({ data, shape: [, ...row] }) => {
  const size = row.reduce((a, b) => a * b, 1);
  return { data: data.slice(0, 128 * size), shape: [128, ...row] };
});
const { history } = await model.fit(x, y, { batchSize: 128 });
await report({ ms: performance.now() - start, loss: history.loss[0] });
await kit.close();
