/** What a generator reaches on Tiny Shakespeare: bits a character on its last tenth. */
import { generator } from "../../src/tasks/index.ts";
import type { AccuracyCase } from "../accuracy.ts";
import { dataFile } from "./data.ts";

/** 18 passes of 313 batches of 32 × 100: what PyTorch does in 300 seconds at 60,000 characters a second in one thread. */
const JOB = { units: 256, batchSize: 32, steps: 100, epochs: 18 };

export const shakespeare: AccuracyCase = {
  name: "shakespeare",
  figures: [
    {
      what: "Tiny Shakespeare, as many updates as PyTorch in 300 s: bits a character",
      goal: { atMost: [2.2, 2.1] },
    },
  ],
  async run(kit, seed) {
    const made = generator(kit, { ...JOB, seed });
    const report = await made.fit((await dataFile("text/tinyshakespeare.txt")).toString("utf8"), {
      onEpochEnd: (epoch, { valBits }) =>
        console.error(`seed ${seed}, pass ${epoch + 1}: ${valBits.toFixed(3)}`),
    });
    await made.dispose();
    const baselines = report.baselines.map(({ name, bits }) => `${name} ${bits.toFixed(3)}`);
    return {
      values: [report.bits.validation!],
      note: `after ${report.batches} updates (${baselines.join(", ")})`,
    };
  },
};
