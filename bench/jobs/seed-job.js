/** The tutorial, start to end: `seed-job.js <build> <math> <vectors> <threads> <folder of arrays>`. */
import { readArrays, report } from "./process-report.js";
import { openVariant } from "./variant.js";

const told = process.argv.slice(2);
const { train, test } = await readArrays(told.at(-1));
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
const optimizer = { name: "adam", learningRate: 1e-3 };
await model.compile({ optimizer, loss: "binaryCrossentropy", metrics: ["accuracy"] });
const batchSize = 128;
await model.fit(...train, { epochs: 4, batchSize, validationData: test, validationFreq: 2 });
await model.evaluate(...train, { batchSize });
const { loss, accuracy } = await model.evaluate(...test, { batchSize });
await report({ loss, accuracy });
await kit.close();
