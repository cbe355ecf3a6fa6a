/** The arrays that every contender reads: ids and labels of the corpus, and weights to start from. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { spamFromBytes } from "../src/data/spam.ts";
import type * as Package from "../src/node.ts";
import { type Case, E, V } from "./cases.ts";
import type { Setup } from "./protocol.ts";

export interface Corpus {
  readonly name: string;
  /** Has x_train.u16, y_train.u8, x_test.u16, y_test.u8: rows of 80 ids, labels 0 and 1. */
  readonly folder: string;
  readonly ids: Uint16Array;
  readonly labels: Uint8Array;
}

/** Keras's arrays of IMDB where LSTMKIT_DATA has them, else the corpus that ships with the package. */
export async function findCorpus(scratch: string): Promise<Corpus> {
  const imdb = join(process.env.LSTMKIT_DATA ?? "", "imdb/keras_top10000_len80");
  const isImdb = process.env.LSTMKIT_DATA !== undefined && existsSync(imdb);
  const folder = isImdb ? imdb : await writeSpam(join(scratch, "spam"));
  return {
    name: isImdb ? "IMDB" : "the e-mails that ship with the package (LSTMKIT_DATA has no IMDB)",
    folder,
    ids: new Uint16Array(new Uint8Array(await readFile(join(folder, "x_train.u16"))).buffer),
    labels: new Uint8Array(await readFile(join(folder, "y_train.u8"))),
  };
}

async function writeSpam(folder: string): Promise<string> {
  const bytes = await readFile(new URL("../assets/spam-assassin.bin", import.meta.url));
  const { train, test } = spamFromBytes(new Uint8Array(bytes), { numWords: V, maxLen: 80 });
  await mkdir(folder, { recursive: true });
  for (const [part, { x, y }] of Object.entries({ train, test })) {
    await writeFile(join(folder, `x_${part}.u16`), Uint16Array.from(x.data));
    await writeFile(join(folder, `y_${part}.u8`), Uint8Array.from(y.data));
  }
  return folder;
}

/** Batches of a case: the corpus's rows laid end to end and cut at T. */
export async function writeCase(work: Case, corpus: Corpus, scratch: string): Promise<Setup> {
  const { task, H, B, T, dropout, cacheTokens = false } = work;
  // Single reviews are so many that none comes again in a round.
  const batches = B === 1 ? 4096 : T > 320 ? 2 : 8;
  const paths = {
    ids: join(scratch, "ids.i32"),
    labels: join(scratch, "labels.f32"),
    weights: join(scratch, `weights-${H}.f32`),
  };
  const ids = Int32Array.from({ length: batches * B * T }, (_, i) => corpus.ids[i % corpus.ids.length]!);
  const labels = Float32Array.from(
    { length: batches * B },
    (_, i) => corpus.labels[Math.floor((i * T) / 80) % corpus.labels.length]!,
  );
  await writeFile(paths.ids, ids);
  await writeFile(paths.labels, labels);
  if (!existsSync(paths.weights)) await writeFile(paths.weights, await firstWeights(H));
  return { task, H, B, T, V, E, dropout, cacheTokens, batches, ...paths };
}

/** What this package starts from with seed 22. */
async function firstWeights(H: number): Promise<Uint8Array> {
  const { createRuntime, dense, embedding, lstm }: typeof Package = await import(
    new URL("../dist/node.js", import.meta.url).href
  );
  const kit = await createRuntime();
  const layers = [
    embedding({ inputDim: V, outputDim: E }),
    lstm({ units: H, returnSequences: true }),
    lstm({ units: H }),
    dense({ units: 1, activation: "sigmoid" }),
  ];
  const model = await kit.sequential(layers, { seed: 22 });
  const weights = await model.getWeights();
  await kit.close();
  return Buffer.concat(weights.map(({ data }) => new Uint8Array(data.slice().buffer)));
}
