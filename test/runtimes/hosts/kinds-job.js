/**
 * A job of what the others of job.js lack: two inputs, an encoder whose states a decoder begins with, masked ids,
 * dropout of states, a convolution, pooling, cells beyond Keras, a penalty, weighted steps, a loss with exponentials,
 * and AdamW whose rate goes by a schedule and whose gradient is clipped by the norm of all. The same on every host.
 */
const [VOCABULARY, PAST, DAYS, FEATURES] = [40, 11, 12, 3];
/** The model gives a row for every two days. */
const STEPS = DAYS / 2;

/** Numbers by Marsaglia's xorshift32; quotients of integers are the same everywhere. */
function samples(n) {
  let state = 2463534242;
  const next = (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  // Of fewer and fewer ids down to one, padded on the left.
  const isPadding = (i) => i % PAST < Math.floor(i / PAST) % PAST;
  const ids = Int32Array.from({ length: n * PAST }, (_, i) => (isPadding(i) ? 0 : 1 + next(VOCABULARY - 1)));
  const days = Float32Array.from({ length: n * DAYS * FEATURES }, () => (next(2001) - 1000) / 500);
  // What the last id says, and the first feature of two days.
  const y = Float32Array.from({ length: n * STEPS }, (_, i) => {
    const [sample, day] = [Math.floor(i / STEPS), 2 * (i % STEPS)];
    const at = (sample * DAYS + day) * FEATURES;
    return ids[(sample + 1) * PAST - 1] / VOCABULARY + (days[at] + days[at + FEATURES]) / 2;
  });
  const weights = Float32Array.from({ length: n * STEPS }, () => next(5) / 2);
  return {
    x: { past: { data: ids, shape: [n, PAST] }, days: { data: days, shape: [n, DAYS, FEATURES] } },
    y: { data: y, shape: [n, STEPS] },
    sampleWeight: { data: weights, shape: [n, STEPS] },
  };
}

/** A compiled model, how it was compiled, its data, and fit's options: shards of 16 and a smaller one in batches of 53 and 22. */
export async function kindsModel(lib, kit) {
  const { conv1d, dense, embedding, input, maxPooling1d, minGRU, peepholeLSTM } = lib;
  const model = await kit.sequential(
    [
      input({ name: "past" }),
      embedding({ inputDim: VOCABULARY, outputDim: 6, maskZero: true }),
      peepholeLSTM({ units: 7, dropout: 0.25, recurrentDropout: 0.25, returnSequences: true }),
      minGRU({ units: 9, kernelRegularizer: { l1: 0.001, l2: 0.01 }, name: "encoder" }),
      input({ name: "days", inputShape: [null, FEATURES] }),
      conv1d({ filters: 10, kernelSize: 3, padding: "causal", activation: "tanh" }),
      maxPooling1d(),
      minGRU({ units: 9, dropout: 0.25, returnSequences: true, initialState: "encoder" }),
      dense({ units: 2 }),
    ],
    { seed: 24 },
  );
  const warmUp = { initialLearningRate: 0.001, warmupTarget: 0.02, warmupSteps: 2 };
  const learningRate = { schedule: "cosineDecay", ...warmUp, decaySteps: 6, alpha: 0.1 };
  const optimizer = { name: "adamw", learningRate, weightDecay: 0.01, globalClipnorm: 0.5 };
  const config = { optimizer, loss: "gaussianNegativeLogLikelihood" };
  await model.compile(config);
  const { x, y, sampleWeight } = samples(75);
  return { model, config, x, y, options: { batchSize: 53, epochs: 4, sampleWeight } };
}

/** SHA-256 of the weights after training, and the loss, all of whose bits are the same everywhere too. */
export async function kindsJob(lib, kit) {
  const { model, x, y, options } = await kindsModel(lib, kit);
  await model.fit(x, y, options);
  const { loss } = await model.evaluate(x, y, { sampleWeight: options.sampleWeight });
  return { trained: await model.digest(), loss };
}
