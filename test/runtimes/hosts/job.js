/**
 * The job that every runtime does, with the package as it is published: the seed's network, small, at
 * sizes that fill neither lanes nor shards; then, untimed, smaller ones of other layers and other
 * optimisers. Nothing here may differ between hosts.
 */
import { kindsJob } from "./kinds-job.js";

const VOCABULARY = 1000;
const T = 40;
const SAMPLES = 500;
const BATCH = { batchSize: 64 };
const EPOCHS = 5;
export const STEPS = EPOCHS * Math.ceil(SAMPLES / BATCH.batchSize);

/** Reviews that can be learnt: those of class 1 hold token 7. Integers only, by Marsaglia's xorshift32. */
function reviews() {
  let state = 2463534242;
  const next = (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const y = Uint8Array.from({ length: SAMPLES }, () => next(2));
  const x = Int32Array.from({ length: SAMPLES * T }, () => next(VOCABULARY));
  y.forEach((label, n) => {
    if (label === 1) x[n * T + next(T)] = 7;
  });
  return { x: { data: x, shape: [SAMPLES, T] }, y: { data: y, shape: [SAMPLES] } };
}

async function seedModel({ embedding, lstm, dense }, kit) {
  const model = await kit.sequential(
    [
      embedding({ inputDim: VOCABULARY, outputDim: 30 }),
      lstm({ units: 33, dropout: 0.5, returnSequences: true }),
      lstm({ units: 21, dropout: 0.5 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 22 },
  );
  await model.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return model;
}

/**
 * @param open what makes the runtime: createRuntime or spawnRuntime
 * @param options its options
 * @param store of checkpoints, where the host has one
 */
export async function openJob(lib, open, options, store = inMemory()) {
  const { x, y } = reviews();
  const kit = await open(options);
  const model = await seedModel(lib, kit);
  const initial = await model.digest();
  await model.evaluate(x, y); // warms the engine up, and leaves no trace
  return {
    train: () => model.fit(x, y, { ...BATCH, epochs: EPOCHS }),
    async finish() {
      const { loss } = await model.evaluate(x, y);
      const trained = await model.digest();
      const resumed = await resumedJob(lib, kit, x, y, store);
      const gru = await gruJob(lib, kit, x, y);
      const kinds = await kindsJob(lib, kit);
      const int8 = await int8Job(lib, kit, x, y);
      const { threads, threadsReason, vectors, vectorsReason } = await kit.info();
      await kit.close();
      return {
        initial,
        trained,
        resumed,
        gru,
        kinds,
        int8,
        loss,
        threads,
        threadsReason,
        vectors,
        vectorsReason,
      };
    },
  };
}

/** Two generations. */
function inMemory() {
  let kept = [];
  return {
    read: async () => kept,
    write: async (bytes) => {
      kept = [bytes, ...kept].slice(0, 2);
    },
    clear: async () => {
      kept = [];
    },
  };
}

/** The first model once more, in pieces: each ends as one that is killed does, with nothing behind its last checkpoint. */
async function resumedJob(lib, kit, x, y, store) {
  await store.clear();
  for (let piece = 1; ; piece++) {
    let written = 0;
    const write = async (bytes) => {
      if (written++ === piece) throw new Error("killed");
      await store.write(bytes);
    };
    const model = await seedModel(lib, kit);
    const checkpoint = { store: { ...store, write }, every: 7, resume: true };
    try {
      await model.fit(x, y, { ...BATCH, epochs: EPOCHS, checkpoint });
      if (piece === 1) throw new Error("it was never killed");
      if ((await store.read()).length !== 2) throw new Error("there are not two checkpoints");
      await store.clear();
      if ((await store.read()).length > 0) throw new Error("checkpoints are left");
      return await model.digest();
    } catch (error) {
      if (error.message !== "killed") throw error;
    } finally {
      await model.dispose();
    }
  }
}

/** GRUs of both forms, one in both directions, by SGD with momentum: the digest after 3 epochs of 75 samples. */
async function gruJob({ bidirectional, dense, embedding, gru }, kit, x, y) {
  const model = await kit.sequential(
    [
      embedding({ inputDim: VOCABULARY, outputDim: 12 }),
      bidirectional({ layer: gru({ units: 9, dropout: 0.25, returnSequences: true }) }),
      gru({ units: 5, resetAfter: false }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 23 },
  );
  const optimizer = { name: "sgd", learningRate: 0.1, momentum: 0.9 };
  await model.compile({ optimizer, loss: "binaryCrossentropy" });
  const n = 75;
  const few = { data: x.data.slice(0, n * T), shape: [n, T] };
  await model.fit(few, { data: y.data.slice(0, n), shape: [n] }, { batchSize: 53, epochs: 3 });
  return model.digest();
}

/**
 * A model with weights in int8, calibrated: what its file and its predictions come to. Integer products are relaxed ones
 * where the engine has them, and others where not.
 */
async function int8Job({ bidirectional, dense, embedding, gru, lstm, quantize }, kit, x, y) {
  const model = await kit.sequential(
    [
      embedding({ inputDim: VOCABULARY, outputDim: 30 }),
      bidirectional({ layer: lstm({ units: 21, returnSequences: true }) }),
      gru({ units: 35 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 25 },
  );
  await model.compile({ loss: "binaryCrossentropy" });
  const n = 75;
  const few = { data: x.data.slice(0, n * T), shape: [n, T] };
  await model.fit(few, { data: y.data.slice(0, n), shape: [n] }, { batchSize: 25 });
  const bytes = await quantize(model, { calibration: few });
  const small = await kit.load(bytes);
  const { data } = await small.predict(x);
  return { digest: await small.digest(), predictions: hashOf(data) };
}

/** FNV-1a of the bits of f32: not every host has SHA-256 in every place. */
function hashOf(values) {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(values.slice().buffer)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** The whole job, where there is a clock that runs while it works. */
export async function runJob(lib, open, options, store) {
  const job = await openJob(lib, open, options, store);
  const start = performance.now();
  await job.train();
  const msPerStep = (performance.now() - start) / STEPS;
  return { ...(await job.finish()), msPerStep };
}
