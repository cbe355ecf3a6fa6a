/** Flipped bits and cut ends, in every kind of file: an error with its code, or something that is told from the whole one. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seriesFromRows } from "../../src/data/index.ts";
import {
  createRuntime,
  dense,
  folderCheckpoints,
  LstmkitError,
  lstm,
  type Model,
  type Runtime,
} from "../../src/node.ts";
import { type Detector, detector, loadDetector } from "../../src/tasks/index.ts";

let kit: Runtime;
let folder: string;
beforeAll(async () => {
  kit = await createRuntime();
  folder = mkdtempSync(join(tmpdir(), "lstmkit-damage-"));
});
afterAll(async () => {
  await kit.close();
  rmSync(folder, { recursive: true });
});

const x = { data: Float32Array.from({ length: 320 }, (_, i) => Math.sin(i)), shape: [32, 10, 1] };
const y = { data: Float32Array.from({ length: 32 }, (_, i) => Math.cos(i)), shape: [32, 1] };

async function made(): Promise<Model> {
  const model = await kit.sequential([lstm({ units: 4, inputShape: [null, 1] }), dense({ units: 1 })], {
    seed: 7,
  });
  await model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  return model;
}

/** A bit flipped in each of so many places, and cut in as many. */
function* damaged(bytes: Uint8Array, times: number): Generator<Uint8Array> {
  for (let i = 0; i < times; i++) {
    const at = Math.floor(((i + 0.5) * bytes.length) / times);
    const flipped = bytes.slice();
    flipped[at]! ^= 1 << (i % 8);
    yield flipped;
    yield bytes.slice(0, at);
  }
}

/** What comes of each: how many are taken, and the codes of the others. @throws what has no code */
async function outcomes(all: Iterable<Uint8Array>, use: (bytes: Uint8Array) => Promise<unknown>) {
  let taken = 0;
  const codes = new Set<string>();
  for (const bytes of all) {
    try {
      await use(bytes);
      taken++;
    } catch (error) {
      if (!(error instanceof LstmkitError)) throw error;
      codes.add(error.code);
    }
  }
  return { taken, codes: [...codes] };
}

test("a model with its optimiser, and a checkpoint, are taken whole or not at all", async () => {
  const model = await made();
  await model.fit(x, y, { epochs: 2, batchSize: 8 });
  const withOptimizer = await model.save({ optimizer: true });
  const load = async (bytes: Uint8Array) => (await kit.load(bytes)).dispose();
  expect(await outcomes(damaged(withOptimizer, 200), load)).toEqual({ taken: 0, codes: ["BAD_MODEL_FILE"] });

  const path = join(folder, "run");
  const other = await made();
  await other.fit(x, y, {
    epochs: 2,
    batchSize: 8,
    checkpoint: { store: folderCheckpoints(path), every: 4 },
  });
  const [older, newer] = readdirSync(path).sort();
  rmSync(join(path, older!));
  const good = readFileSync(join(path, newer!));
  const resume = async (bytes: Uint8Array) => {
    writeFileSync(join(path, newer!), bytes);
    const again = await made();
    try {
      await again.fit(x, y, {
        epochs: 3,
        batchSize: 8,
        checkpoint: { store: folderCheckpoints(path), resume: true },
      });
    } finally {
      await again.dispose();
    }
  };
  expect(await outcomes(damaged(good, 60), resume)).toEqual({ taken: 0, codes: ["BAD_CHECKPOINT"] });
});

test("a model alone, which has no checksum, is refused, or is told by its digest or its description", async () => {
  const model = await made();
  const good = await model.save();
  const [digest, layers] = [await model.digest(), JSON.stringify(model.layers)];
  const seed = /"seed":"(\d+)"/;
  const head = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(8, 8 + 2000));
  let same = 0;
  const { codes } = await outcomes(damaged(good, 300), async (bytes) => {
    const loaded = await kit.load(bytes);
    const isAlike = (await loaded.digest()) === digest && JSON.stringify(loaded.layers) === layers;
    // What is left is text beside the weights: how it was compiled, its seed.
    if (isAlike && head(bytes).replace(seed, "") === head(good).replace(seed, "")) same++;
    await loaded.dispose();
  });
  expect(codes).toEqual(["BAD_MODEL_FILE"]);
  expect(same).toBeLessThanOrEqual(2); // the seed's own digits
});

describe("of a watch", () => {
  let whole: Detector;
  beforeAll(async () => {
    whole = detector(kit, { window: 8, units: 4, epochs: 1 });
    const rows = Array.from({ length: 600 }, (_, i) => ({ y: 10 + (i % 7) + ((i * 7919) % 13) / 13 }));
    await whole.fit(seriesFromRows(rows, { target: "y" }));
  });
  afterAll(() => whole.dispose());

  test("its model is refused, or watches on; nothing else", async () => {
    const good = await whole.save();
    const { codes } = await outcomes(damaged(good, 150), async (bytes) => {
      const loaded = await loadDetector(kit, bytes);
      try {
        await (await loaded.stream()).step({ time: null, value: 12, series: "" });
      } finally {
        await loaded.dispose();
      }
    });
    expect(codes).toContain("BAD_MODEL_FILE");
    for (const code of codes) expect(code).toMatch(/^BAD_/);
  });

  test("its state on the command line is refused with a code, or goes on", async () => {
    const cli = join(import.meta.dirname, "../../dist/cli.js");
    const place = join(folder, "watch");
    mkdirSync(place);
    writeFileSync(join(place, "model"), await whole.save());
    const rows = Array.from({ length: 20 }, (_, i) => JSON.stringify({ y: 10 + (i % 7) })).join("\n");
    const watch = () =>
      spawnSync(process.execPath, [cli, "detect", "model", "--state", "state.json"], {
        ...{ cwd: place, input: `${rows}\n`, encoding: "utf8" as const },
      });
    const first = watch();
    expect(first.status, first.stderr).toBe(0);
    const good = new Uint8Array(readFileSync(join(place, "state.json")));
    let refused = 0;
    for (const bytes of damaged(good, 6)) {
      writeFileSync(join(place, "state.json"), bytes);
      const { status, stderr } = watch();
      if (status !== 0) expect(stderr).toMatch(/^lstmkit: BAD_(DATASET|VALUE|ARGUMENT|SERIES|TEXT): /);
      if (status !== 0) refused++;
    }
    expect(refused).toBeGreaterThan(5);
  });
});
