/** A build of this package: `lstmkit.ts <folder> <math> <vectors> <threads>`. */
import type { Model } from "../../src/node.ts";
import { openVariant } from "../jobs/variant.js";
import { type CaseData, LEARNING_RATE, type Setup, serve, type Work, weightShapes } from "../protocol.ts";
import { rooflineGflops } from "../roofline.ts";

const told = process.argv.slice(2);
const math = told[1] as "strict" | "relaxed" | "int8";
const { lstmkit, kit, info } = await openVariant(told);
const { dense, embedding, lstm } = lstmkit;

export function layersOf({ V, E, H, dropout }: Setup) {
  return [
    embedding({ inputDim: V, outputDim: E }),
    lstm({ units: H, dropout, returnSequences: true }),
    lstm({ units: H, dropout }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
}

/** Calibrated on 128 samples of the data. */
async function quantized(model: Model, { setup: { B, T, batches }, ids }: CaseData): Promise<Model> {
  const count = Math.min(batches, Math.ceil(128 / B));
  const data = new Int32Array(count * B * T);
  for (let i = 0; i < count; i++) data.set(ids(i), i * B * T);
  const calibration = { data, shape: [count * B, T] };
  return kit.load(await lstmkit.quantize(model, { calibration }));
}

async function prepare(data: CaseData): Promise<Work> {
  const { setup, ids, labelsOf, weights } = data;
  const { B, T, cacheTokens } = setup;
  const shapes = weightShapes(setup);
  const trained = await kit.sequential(layersOf(setup));
  await trained.setWeights(weights.map((array, i) => ({ data: array, shape: shapes[i]! })));
  const optimizer = { name: "adam", learningRate: LEARNING_RATE } as const;
  await trained.compile({ optimizer, loss: "binaryCrossentropy", metrics: ["accuracy"] });
  const model = math === "int8" ? await quantized(trained, data) : trained;
  // An older build has no such option.
  const options = { batchSize: B, ...(cacheTokens && { cacheTokens }) };
  const predict = async (i: number) => (await model.predict({ data: ids(i), shape: [B, T] }, options)).data;
  return {
    predict,
    async train(i) {
      const y = { data: labelsOf(i), shape: [B] };
      const { history } = await model.fit({ data: ids(i), shape: [B, T] }, y, {
        batchSize: B,
        shuffle: false,
      });
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

await serve({ name: `lstmkit ${info.version}` }, prepare, () =>
  rooflineGflops(math === "relaxed" ? math : "strict"),
);
