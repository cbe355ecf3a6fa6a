import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Team } from "../../src/model/team.ts";
import { ARITHMETIC, Sequential } from "../../src/train/sequential.ts";
import { instantiateKernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { BUILDS, kernelBytes } from "../builds.ts";
import { PINNED as EVERYWHERE } from "../runtimes/pinned.ts";
import { openKit, smallData, smallLayers, smallModel } from "./small-job.ts";

/**
 * SHA-256 of the weights of the small job: 37 samples in batches of 20 and 17, 2 epochs, seed 22. A change
 * of one of these is a change of the contract: weights of the same run differ from the release before.
 */
const PINNED = {
  lstm: {
    initial: "4b5f16644c0fdd5ec6cda63ef0300301a84742950087a235515748dddaaf2a3d",
    trained: "3e8918eee8e821800d5e17c35f620c4821990c6dfccf48569e955f4239a0673f",
  },
  lstmWithoutDropout: {
    initial: "4b5f16644c0fdd5ec6cda63ef0300301a84742950087a235515748dddaaf2a3d",
    trained: "c14fe21e0411e40b1553a7ad66a40466887d2652d8feccddf8e82ec5255a703b",
  },
  simpleRNN: {
    initial: "ef771cf87819fbaaf04c0d8cede81bf46407ef9758c4f9335f72eb2b2075af57",
    trained: "f47e282986df44d325e5a0fea6cf106ee6324976ef5dc026c265982fd93b425e",
  },
} as const;

const RUN = { epochs: 2, batchSize: 20 } as const;
const { x, y } = smallData();

/** By the number that checkpoints hold: what the pinned digests were then, SHA-256 of all. */
const BY_ARITHMETIC: Readonly<Record<number, string>> = {
  1: "30a1a8abb20945d9e1f7e536f77f3db515256d1b4b6f71b82b68a9bbe2b96f11",
};

test("whoever pins other digests raises ARITHMETIC, so that no run goes on with other numbers than it was begun with", () => {
  const pins = createHash("sha256")
    .update(JSON.stringify([PINNED, EVERYWHERE]))
    .digest("hex");
  expect(BY_ARITHMETIC[ARITHMETIC]).toBe(pins);
});

describe.each(BUILDS)("%s build", (build) => {
  test.each([
    ["lstm", "lstm", 0.5],
    ["lstmWithoutDropout", "lstm", 0],
    ["simpleRNN", "simpleRNN", 0.5],
  ] as const)("the digest of a run is the pinned one: %s", async (name, cell, dropout) => {
    const kit = await openKit(build);
    const model = await smallModel(kit, 22, cell, dropout);
    const initial = await model.digest();
    await model.fit(x, y, RUN);
    expect({ initial, trained: await model.digest() }).toEqual(PINNED[name]);
    await kit.close();
  });

  test.each([0.5, 0])("the size of a group changes no bit, at dropout %f", async (dropout) => {
    const module = await WebAssembly.compile(kernelBytes(build));
    const digests = new Set<string>();
    for (const groupSize of [1, 2, 3, 4, 7, 16]) {
      const memory = new LinearMemory();
      const kernels = await instantiateKernels(module, memory.wasm);
      const model = new Sequential(
        { kernels, memory, team: new Team(kernels, memory, 1), seed: 22, groupSize, onDispose: () => {} },
        smallLayers("lstm", dropout),
      );
      await model.compile({ loss: "binaryCrossentropy" });
      await model.fit(x, y, RUN);
      digests.add(await model.digest());
      await model.dispose();
    }
    expect(digests.size).toBe(1);
  });
});

const digestOf = async (seed: number, run: object = {}) => {
  const kit = await openKit();
  const model = await smallModel(kit, seed);
  await model.fit(x, y, { ...RUN, ...run });
  const digest = await model.digest();
  await kit.close();
  return digest;
};

test("two runs with one seed give one digest, another seed another", async () => {
  const first = await digestOf(22);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await digestOf(22)).toBe(first);
  expect(await digestOf(23)).not.toBe(first);
});

test("seeds up to 2³² - 1 are told apart", async () => {
  const digests = await Promise.all([0, 2 ** 31, 2 ** 32 - 1].map((seed) => digestOf(seed)));
  expect(new Set(digests).size).toBe(3);
});

test("the order of samples and the size of a batch are part of a run", async () => {
  const digests = await Promise.all(
    [{}, { shuffle: false }, { batchSize: 16 }].map((run) => digestOf(22, run)),
  );
  expect(new Set(digests).size).toBe(3);
});

test("two epochs are not one epoch twice over: shuffling and dropout go on", async () => {
  const kit = await openKit();
  const [once, parts] = [await smallModel(kit), await smallModel(kit)];
  await once.fit(x, y, RUN);
  await parts.fit(x, y, { ...RUN, epochs: 1 });
  await parts.fit(x, y, { ...RUN, epochs: 1 });
  expect(await parts.digest()).toBe(await once.digest());
  await kit.close();
});

test("another model on the same memory leaves no trace", async () => {
  const kit = await openKit();
  const first = await smallModel(kit, 1);
  await first.fit(x, y, { epochs: 1, batchSize: 7 });
  await first.dispose();
  const model = await smallModel(kit, 22);
  const other = await smallModel(kit, 2, "simpleRNN");
  await Promise.all([model.fit(x, y, RUN), other.fit(x, y, RUN)]);
  expect(await model.digest()).toBe(await digestOf(22));
  await kit.close();
});

test("evaluating and predicting between batches changes no bit of the run", async () => {
  const kit = await openKit();
  const model = await smallModel(kit);
  await model.predict(x);
  await model.fit(x, y, { ...RUN, validationData: [x, y] });
  expect(await model.digest()).toBe(await digestOf(22));
  await kit.close();
});

test("the digest is that of the weights in the table's order", async () => {
  const kit = await openKit();
  const model = await smallModel(kit);
  const weights = await model.getWeights();
  const bytes = Buffer.concat(
    weights.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );
  const { createHash } = await import("node:crypto");
  expect(await model.digest()).toBe(createHash("sha256").update(bytes).digest("hex"));
  await kit.close();
});
