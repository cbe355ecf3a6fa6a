import { expect, test } from "vitest";
import { lstm, timeDistributed } from "../../src/index.ts";
import { bidirectional, dense, gru } from "../../src/layers/public.ts";
import { compileKernels, instantiateKernels, type Kernels } from "../../src/wasm/kernels.ts";
import { LinearMemory } from "../../src/wasm/memory.ts";
import { COMMON_FAMILIES, familiesOf, INT8_FAMILIES, Trial } from "../../src/wasm/trial.ts";
import { kernelBytes } from "../builds.ts";

const LAYERS = [
  "embedding",
  "lstm",
  "gru",
  "simpleRNN",
  "minGRU",
  "minLSTM",
  "peepholeLSTM",
  "layerNormLSTM",
];
const ALL = [...COMMON_FAMILIES, ...LAYERS, ...INT8_FAMILIES];

const module = await compileKernels(kernelBytes("release"));
const memory = new LinearMemory();
const [right, same] = [
  await instantiateKernels(module, memory.wasm),
  await instantiateKernels(module, memory.wasm, 256),
];

/** Kernels that a trial calls, with the family that does. */
const called = new Map<string, string>();
for (const family of ALL) {
  const watched = Object.fromEntries(
    Object.entries(same).map(([name, kernel]) => [
      name,
      (...given: number[]) => {
        called.set(name, family);
        return (kernel as (...given: number[]) => unknown)(...given);
      },
    ]),
  ) as unknown as Kernels;
  new Trial(right, watched, memory).run([family], 1);
}

test("kernels that are right pass, and leave no memory taken", () => {
  expect(new Trial(right, same, memory).run(ALL, 3)).toBeNull();
  expect(memory.bytesInUse).toBe(0);
});

test("a trial calls products, packing, sums, what goes by elements, every optimiser and every cell, there and back", () => {
  const names = Object.keys(right).filter((name) =>
    /^(pack|product$|activation|flushFaint|weighRows|penaltyBackward|embeddingBackward|limitPlaces|addRows|productInt8|sumPanels|sumShards|decay|average$|scale$|limit$|(adam|nadam|adagrad|rmsprop|lion|sgd)$)|((lstm|gru|rnn|gruBefore|minGru|minLstm|peepholeLstm|layerNormLstm)(Forward|Backward))$/i.test(
      name,
    ),
  );
  expect([...called.keys()].sort()).toEqual(names.sort());
});

test.each([...called])("one bit that %s gives otherwise is noticed in %s", (name, family) => {
  let addresses: number[] = [];
  const wrong = {
    ...same,
    [name]: (...given: number[]) => {
      (same[name as keyof Kernels] as (...given: number[]) => unknown)(...given);
      addresses = given.filter((address) => address >= 1024 && address % 64 === 0);
      memory.u8(addresses[0]!, 1)[0]! ^= 1; // of what the first address is: all of these assign it
    },
  };
  expect(new Trial(right, wrong as Kernels, memory).run(ALL, 1)).toBe(family);
  expect(memory.bytesInUse).toBe(0);
});

test("the cells of a model are found in layers within layers, and nothing in what is none", () => {
  const layers = [bidirectional({ layer: gru({ units: 2 }) }), lstm({ units: 3 }), dense({ units: 1 })];
  expect(familiesOf(layers)).toEqual(["gru", "lstm"]);
  expect(familiesOf([timeDistributed({ layer: dense({ units: 1 }) })])).toEqual([]);
  for (const none of [null, undefined, 5, "lstm", [null], [{ type: "constructor" }], [{ type: {} }]]) {
    expect(familiesOf(none)).toEqual([]);
  }
});
