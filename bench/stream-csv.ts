/**
 * Memory and time that a CSV file takes which no memory holds: texts of two classes, read once from beginning to end, then
 * batch by batch while a small model trains. Memory is the process's at its largest, from its start on.
 *
 *   npm run build && npx tsx bench/stream-csv.ts [--rows 10000000 | --gigabytes 5] [--shuffle all|none|10000] [--steps 2000]
 *     [--folder /tmp]
 *
 * The file is written to the folder first, by another process, and removed at the end. With --steps 0 a whole epoch.
 */
import { fork } from "node:child_process";
import { createWriteStream } from "node:fs";
import { rm, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "10000000" },
    gigabytes: { type: "string" },
    shuffle: { type: "string", default: "all" },
    steps: { type: "string", default: "2000" },
    folder: { type: "string", default: tmpdir() },
    write: { type: "string" },
  },
});
/** Words of a text: short for many rows, long for many bytes. */
const [FEW, MANY] = [8, 160];

/** Rows as text, by a seeded generator (Park and Miller's): words by Zipf's law, of which some tell the class. */
function* rowsOf(words: number): Generator<string> {
  let state = 7;
  const random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (;;) {
    const label = random() < 0.5 ? 0 : 1;
    let text = "";
    for (let i = 0; i < words; i++) {
      const rank = Math.floor(50_000 ** random());
      text += `${i === 0 ? "" : " "}${rank < 40 && random() < 0.5 ? `${label === 1 ? "up" : "down"}${rank}` : `word${rank}`}`;
    }
    yield `${text},${label}\n`;
  }
}

async function write(path: string): Promise<void> {
  const file = createWriteStream(path);
  const bytes = values.gigabytes === undefined ? Infinity : Number(values.gigabytes) * 1e9;
  const rows = values.gigabytes === undefined ? Number(values.rows) : Infinity;
  let [piece, done] = ["text,label\n", 0];
  let written = 0;
  for (const row of rowsOf(values.gigabytes === undefined ? FEW : MANY)) {
    piece += row;
    done++;
    const isOver = done >= rows || written + piece.length >= bytes;
    if (piece.length < 2 ** 20 && !isOver) continue;
    written += piece.length;
    if (!file.write(piece)) await new Promise<void>((resolve) => file.once("drain", () => resolve()));
    piece = "";
    if (isOver) break;
  }
  await new Promise<void>((resolve) => file.end(() => resolve()));
}

const MiB = 2 ** 20;
const peak = () => `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most so far`;

async function measure(path: string): Promise<void> {
  const { createRuntime, dense, embedding, fileBytes, lstm } = (await import(
    "../dist/node.js" as string
  )) as typeof import("../src/node.ts");
  const { streamTexts } = (await import(
    "../dist/data.js" as string
  )) as typeof import("../src/data/index.ts");
  const { size } = await stat(path);
  console.log(`${(size / 1e9).toFixed(2)} GB; ${peak()}`);
  let began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  const bytes = await fileBytes(path);
  const shuffle =
    values.shuffle === "all" ? true : values.shuffle === "none" ? false : Number(values.shuffle);
  const data = await streamTexts(bytes, { shuffle, batchSize: 128, maxLen: 16, testSplit: 0.1 });
  const { train, test, vocabulary } = data;
  console.log(
    `read once: ${train.samples} rows to train on, ${test!.samples} for the test, ${vocabulary.words.length} words; ${seconds()}, ` +
      `${(size / 1e6 / ((performance.now() - began) / 1000)).toFixed(0)} MB/s; ${peak()}`,
  );
  const kit = await createRuntime();
  const model = await kit.sequential(
    [
      embedding({ inputDim: data.inputDim, outputDim: 16 }),
      lstm({ units: 16 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 1 },
  );
  await model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy"] });
  began = performance.now();
  const steps = Number(values.steps);
  const { history } = await model.fit(train, { epochs: 1, ...(steps > 0 && { stepsPerEpoch: steps }) });
  console.log(
    `trained ${steps > 0 ? Math.min(steps, train.batches) : train.batches} of ${train.batches} batches, ` +
      `loss ${history.loss![0]!.toFixed(4)}, accuracy ${history.accuracy![0]!.toFixed(4)}; ${seconds()}; ${peak()}`,
  );
  began = performance.now();
  const found = await model.evaluate(test!);
  console.log(`evaluated: ${JSON.stringify(found)}; ${seconds()}; ${peak()}; digest ${await model.digest()}`);
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  console.log(
    `of it now: heap ${(heapUsed / MiB).toFixed(0)} MiB, arrays ${(arrayBuffers / MiB).toFixed(0)} MiB, external ${(external / MiB).toFixed(0)} MiB, kernels ${((await kit.info()).memoryBytes / MiB).toFixed(0)} MiB`,
  );
  await data.close();
  await bytes.close();
  await kit.close();
}

if (values.write !== undefined) await write(values.write);
else {
  const path = join(values.folder, `lstmkit-bench-${process.pid}.csv`);
  const { bavail, bsize } = await statfs(values.folder);
  const wanted = values.gigabytes === undefined ? Number(values.rows) * 90 : Number(values.gigabytes) * 1e9;
  if (bavail * bsize < wanted * 1.2) throw new Error(`${values.folder} has no room for ${wanted / 1e9} GB`);
  try {
    await new Promise<void>((resolve, reject) => {
      const writer = fork(process.argv[1]!, [...process.argv.slice(2), "--write", path]);
      writer.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`the writer ended with ${code}`))));
    });
    await measure(path);
  } finally {
    await rm(path, { force: true });
  }
}
