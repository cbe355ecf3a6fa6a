/** From the import to the end of the first batch's training: `first-batch.js <build> <math> <vectors> <threads> <folder of arrays>`. */
import { readArrays, report } from "./process-report.js";
import { openVariant } from "./variant.js";

const told = process.argv.slice(2);
const { train } = await readArrays(told.at(-1));
const start = performance.now();
const { lstmkit, kit } = await openVariant(told);
const { dense, embedding, lstm } = lstmkit;
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
