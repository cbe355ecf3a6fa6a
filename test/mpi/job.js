/**
 * A rank of a small job, or the job alone: node job.js {"batches":[53],"threads":[1],…}. Prints a line of JSON; an error is a
 * line too, and the exit code is 1.
 */
import process from "node:process";
import { mpiGroup } from "../../dist/mpi.js";
import { createRuntime, dense, embedding, lstm } from "../../dist/node.js";

const {
  batches = [53],
  threads = [1],
  epochs = 2,
  alone = false,
  otherData = null,
} = JSON.parse(process.argv[2] ?? "{}");
const [samples, T, V] = [75, 10, 50];

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Numbers below `most`, by a linear congruence. */
function numbers(length, most, seed) {
  let state = seed;
  return Int32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  });
}

const group = alone ? null : await mpiGroup();
try {
  const x = { data: numbers(samples * T, V, 8), shape: [samples, T] };
  const y = Float32Array.from(numbers(samples, 2, 7));
  if (group && group.rank === otherData) y[70] = 1 - y[70];
  const digests = [];
  for (const n of threads) {
    const kit = await createRuntime({ threads: n });
    const own = {};
    for (const batchSize of batches) {
      const model = await kit.sequential(
        [
          embedding({ inputDim: V, outputDim: 12 }),
          lstm({ units: 8, dropout: 0.5, returnSequences: true }),
          lstm({ units: 5, dropout: 0.25 }),
          dense({ units: 1, activation: "sigmoid" }),
        ],
        { seed: 22 },
      );
      await model.compile({
        optimizer: { name: "adam", learningRate: 0.01 },
        loss: "binaryCrossentropy",
        metrics: ["accuracy"],
      });
      await model.fit(x, y, { epochs, batchSize, validationData: [x, y], ...(group && { group }) });
      own[batchSize] = await model.digest();
      await model.dispose();
    }
    digests.push(own);
    await kit.close();
  }
  say({ rank: group?.rank ?? 0, size: group?.size ?? 1, library: group?.library ?? null, digests });
} catch (error) {
  say({ rank: group?.rank ?? 0, code: error.code ?? "UNEXPECTED", message: error.message });
  process.exitCode = 1;
}
await group?.close();
