import { expect, test } from "vitest";
import { createRuntime, terminateOnNaN } from "../../src/node.ts";
import { codeOf, LOSS, smallData, smallModel } from "../train/small-job.ts";
import { spawn } from "../worker/spawned.ts";

const { x, y } = smallData();

test.each(["in this thread", "in a worker"])(
  "a fit that loses its way ends with the epochs before, %s",
  async (where) => {
    const kit = where === "in a worker" ? await spawn() : await createRuntime();
    const run = async (ends: boolean) => {
      const model = await smallModel(kit);
      // A step of a tenth of what float32 holds: the second or third batch is not finite.
      await model.compile({ optimizer: { name: "adam", learningRate: 1e37 }, ...LOSS });
      const said: [number, string][] = [];
      let digest = await model.digest();
      let ended = false;
      const fit = model.fit(x, y, {
        epochs: 50,
        batchSize: 37,
        onEpochEnd: async () => {
          digest = await model.digest();
        },
        callbacks: [
          { onNotFinite: (batch, message) => void said.push([batch, message]) },
          ...(ends ? [terminateOnNaN()] : []),
          {
            onTrainEnd() {
              ended = true;
            },
          },
        ],
      });
      return { fit, said, model, ended: () => ended, digest: () => digest };
    };
    const { fit, said, model, ended, digest } = await run(true);
    const history = await fit;
    expect(history.epoch.length).toBeLessThan(50);
    expect(history.history.loss?.every(Number.isFinite) ?? true).toBe(true);
    expect(said.length).toBe(1);
    expect(said[0]![0]).toBe(0);
    expect(said[0]![1]).toMatch(/^LOSS_NOT_FINITE: batch 0 of epoch \d+ gave/);
    expect(ended()).toBe(true);
    expect(await model.digest()).toBe(digest());
    await model.fit(x, y, { callbacks: [terminateOnNaN()] }); // it is not left BUSY

    const without = await run(false);
    expect(await codeOf(without.fit)).toBe("LOSS_NOT_FINITE");
    expect(without.said).toEqual(said);
    expect(without.ended()).toBe(false);
    expect(await without.model.digest()).toBe(without.digest());
    await kit.close();
  },
);
