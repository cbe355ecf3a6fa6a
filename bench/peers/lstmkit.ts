/** This package, as it is built: `lstmkit.ts <math> <threads>`. */
import type * as Package from "../../src/node.ts";
import { type CaseData, LEARNING_RATE, type Setup, serve, type Work, weightShapes } from "../protocol.ts";
import { rooflineGflops } from "../roofline.ts";

const [math, threads] = [process.argv[2] as "strict" | "relaxed", Number(process.argv[3])];
const { createRuntime, dense, embedding, lstm }: typeof Package = await import(
  new URL("../../dist/node.js", import.meta.url).href
);
const kit = await createRuntime({ math, threads });
const info = await kit.info();
if (info.threads !== threads) throw new Error(info.threadsReason);

export function layersOf({ V, E, H, dropout }: Setup) {
  return [
    embedding({ inputDim: V, outputDim: E }),
    lstm({ units: H, dropout, returnSequences: true }),
    lstm({ units: H, dropout }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
}

async function prepare(data: CaseData): Promise<Work> {
  const { setup, ids, labelsOf, weights } = data;
  const { B, T } = setup;
  const shapes = weightShapes(setup);
  const model = await kit.sequential(layersOf(setup));
  await model.setWeights(weights.map((array, i) => ({ data: array, shape: shapes[i]! })));
  const optimizer = { name: "adam", learningRate: LEARNING_RATE } as const;
  await model.compile({ optimizer, loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return {
    predict: async (i) => (await model.predict({ data: ids(i), shape: [B, T] }, { batchSize: B })).data,
    async train(i) {
      const y = { data: labelsOf(i), shape: [B] };
      const options = { batchSize: B, shuffle: false };
      const { history } = await model.fit({ data: ids(i), shape: [B, T] }, y, options);
      return history.loss![0]!;
    },
    /** As an epoch does them: the first includes laying out the memory. */
    async timeSteps(first, count) {
      const x = new Int32Array(count * B * T);
      const y = new Float32Array(count * B);
      for (let i = 0; i < count; i++) {
        x.set(ids(first + i), i * B * T);
        y.set(labelsOf(first + i), i * B);
      }
      const ms: number[] = [];
      let last = performance.now();
      const onBatchEnd = () => {
        const now = performance.now();
        ms.push(now - last);
        last = now;
      };
      const samples = { data: x, shape: [count * B, T] };
      await model.fit(samples, { data: y, shape: [count * B] }, { batchSize: B, shuffle: false, onBatchEnd });
      return ms;
    },
    dispose: () => model.dispose(),
  };
}

await serve({ name: `lstmkit ${info.version}` }, prepare, () => rooflineGflops(math));
