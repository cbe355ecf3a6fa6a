/** A worker and a thread that are ended in the midst of a fit, a fit that is aborted, and many that come and go. */

import * as lstmkit from "./node_modules/lstmkit/dist/index.js";
import { report } from "./report.js";

const ROUNDS = 50;
const x = { data: new Int32Array(512 * 40).map((_, i) => i % 100), shape: [512, 40] };
const y = new Uint8Array(512);

async function modelOn(kit) {
  const { dense, embedding, lstm } = lstmkit;
  const head = dense({ units: 1, activation: "sigmoid" });
  const model = await kit.sequential([
    embedding({ inputDim: 100, outputDim: 32 }),
    lstm({ units: 64 }),
    head,
  ]);
  await model.compile({ loss: "binaryCrossentropy" });
  return model;
}

/** How a fit ends that `end` is called in the midst of, and how soon after. */
async function endOf(model, end, options) {
  let ended = 0;
  // The first call, not a certain batch: of many batches a worker tells one in 50 ms.
  const onBatchEnd = () => {
    if (ended) return;
    ended = performance.now();
    end();
  };
  const error = await model
    .fit(x, y, { epochs: 1000, batchSize: 128, onBatchEnd, ...options })
    .catch((e) => e);
  return { code: error.code, ms: performance.now() - ended };
}

/** How a fit ends whose thread is ended, and how long the runtime then takes to close. */
async function endOfThread(message) {
  const worker = new Worker(new URL("./mortal-worker.js", import.meta.url), { type: "module" });
  const kit = await lstmkit.spawnRuntime({ threads: 2, worker });
  const model = await modelOn(kit);
  const end = await endOf(model, () => worker.postMessage(message));
  const next = await model.predict(x).catch((e) => e);
  const start = performance.now();
  await kit.close();
  return { ...end, next: next.code, closing: performance.now() - start };
}

await report(async () => {
  const url = new URL("./node_modules/lstmkit/dist/runtime-worker.js", import.meta.url);
  let worker;
  const mortal = await lstmkit.spawnRuntime({
    threads: 2,
    worker: () => {
      worker = new Worker(url, { type: "module" });
      return worker;
    },
  });
  const terminated = await endOf(await modelOn(mortal), () => worker.terminate());
  const lost = [];
  for (const message of ["terminate", "end"]) lost.push(await endOfThread(message));
  const stop = new AbortController();
  const kit = await lstmkit.spawnRuntime({ threads: 2 });
  const aborted = await endOf(await modelOn(kit), () => stop.abort(), { signal: stop.signal });
  await kit.close();
  for (let round = 0; round < ROUNDS; round++) {
    const short = await lstmkit.spawnRuntime({ threads: 2 });
    if (round % 10 === 0) await (await modelOn(short)).fit(x, y, { batchSize: 256 });
    await short.close();
  }
  return { terminated, lost, aborted, rounds: ROUNDS };
});
