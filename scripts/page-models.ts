/**
 * The small models that come with the page, so that a first visit has something to look at: trained here from what ships
 * with the package. The same bytes every time.
 *
 *   npx tsx scripts/page-models.ts [words forecast classes detect generate]
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { textMetadata } from "../src/index.ts";
import {
  createRuntime,
  dense,
  embedding,
  loadBirths,
  loadDigits,
  loadMobyDick,
  loadSpam,
  lstm,
  type Runtime,
} from "../src/node.ts";
import { classifier, detector, forecaster, generator } from "../src/tasks/index.ts";
import { quantize } from "../src/train/quantize.ts";

/** Days at the end of births that the detector watches. */
const WATCHED = 730;
/** Texts of the test part. */
const SAMPLE = 16;

/** Weights in int8: a quarter of the size. */
const small = async (kit: Runtime, file: Uint8Array) => quantize(await kit.load(file));

/** By their names; each tells how good it is. */
export const MODELS: Readonly<Record<string, (kit: Runtime) => Promise<Uint8Array>>> = {
  words: async (kit) => {
    const data = await loadSpam({ numWords: 1000, maxLen: 80 });
    const layers = [
      embedding({ inputDim: data.inputDim, outputDim: 8 }),
      lstm({ units: 16, dropout: 0.2 }),
      dense({ units: 1, activation: "sigmoid" }),
    ];
    const model = await kit.sequential(layers, { seed: 0 });
    await model.compile({
      optimizer: { name: "adam", learningRate: 0.003 },
      loss: "binaryCrossentropy",
      metrics: ["accuracy"],
    });
    await model.fit(data.train.x, data.train.y, { epochs: 5, batchSize: 64 });
    console.log(JSON.stringify(await model.evaluate(data.test.x, data.test.y)));
    // Rows whose gradient is looked at.
    const { x, y } = data.test;
    const sample = { x: [...x.data.subarray(0, SAMPLE * 80)], y: [...y.data.subarray(0, SAMPLE)] };
    const metadata = { ...textMetadata(data), sample: JSON.stringify(sample) };
    return small(kit, await model.save({ metadata }));
  },
  forecast: async (kit) => {
    const model = forecaster(kit, { horizon: 28, units: 24 });
    console.log(JSON.stringify((await model.fit(await loadBirths())).test));
    return model.save();
  },
  classes: async (kit) => {
    const { train, test } = await loadDigits();
    const model = classifier(kit, { units: 24, epochs: 12 });
    console.log(`accuracy ${(await model.fit(train, { test })).test?.accuracy}`);
    return model.save();
  },
  detect: async (kit) => {
    const births = await loadBirths();
    const [all] = births.series;
    const length = all!.length - WATCHED;
    const past = {
      ...all!,
      length,
      rows: length,
      times: all!.times!.slice(0, length),
      columns: { births: all!.columns.births!.slice(0, length) },
    };
    const model = detector(kit, { units: 24 });
    console.log(JSON.stringify((await model.fit({ ...births, series: [past] })).errors));
    return model.save();
  },
  generate: async (kit) => {
    const model = generator(kit, {
      embedding: 32,
      units: 144,
      epochs: 14,
      learningRate: 0.008,
      dropout: 0.1,
    });
    console.log(JSON.stringify((await model.fit(await loadMobyDick())).bits));
    console.log(await model.predict({ prompt: "Call me Ishmael." }));
    return small(kit, await model.save());
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  for (const name of wanted.length > 0 ? wanted : Object.keys(MODELS)) {
    const kit = await createRuntime();
    const bytes = await MODELS[name]!(kit);
    await writeFile(new URL(`../web/models/${name}.safetensors`, import.meta.url), bytes);
    console.log(`${name}: ${bytes.length} bytes`);
    await kit.close();
  }
}
