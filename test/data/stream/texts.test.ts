/** Texts that stay in their file: the same rows, order and bits as where the file is held in memory. */
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  buildVocabulary,
  type CsvSource,
  encodeRows,
  type StreamedTextPart,
  type StreamTextsOptions,
  streamTexts,
  textsFromCsv,
} from "../../../src/data/index.ts";
import { shareOf } from "../../../src/data/stream/set-apart.ts";
import { WordCounts } from "../../../src/data/stream/word-counts.ts";
import {
  createRuntime,
  dense,
  embedding,
  fileBytes,
  lstm,
  type Model,
  type Runtime,
  type SampleBatch,
} from "../../../src/node.ts";
import { codedError } from "../coded-error.ts";

let folder: string;
let kit: Runtime;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lstmkit-stream-"));
  kit = await createRuntime();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await kit.close();
});

/** Rows with every kind of cell: quotes, line breaks in them, letters of one to four bytes, blank rows between. */
function table(rows: number, lineEnd = "\n"): string {
  const words = ["good", "bad", "café", "straße", "日本", "🙂", "don't", "a,b", 'say ""yes""', "line\nbreak"];
  let text = `text,label${lineEnd}`;
  for (let i = 0; i < rows; i++) {
    const own = Array.from({ length: 1 + (i % 7) }, (_, t) => words[(i * 7 + t * t * 3) % words.length]);
    text += `"${own.join(" ")} ${i % 50}",${i % 3 === 0 ? "neg" : "pos"}${lineEnd}`;
    if (i % 11 === 0) text += ` ,${lineEnd}`;
  }
  return text;
}

const ROWS = 300;
const CSV = table(ROWS);
const OPTIONS = { batchSize: 16, maxLen: 6, numWords: 40, testSplit: 0 } as const;

/** A stream that is cut everywhere. */
async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
const bytesOf = (text: string) => new TextEncoder().encode(text);

const SOURCES: Readonly<Record<string, (text: string) => CsvSource | Promise<CsvSource>>> = {
  "a string": (text) => text,
  bytes: bytesOf,
  "a Blob": (text) => new Blob([text]),
  "a file": async (text) => {
    writeFileSync(join(folder, "texts.csv"), text);
    return fileBytes(join(folder, "texts.csv"));
  },
  "a stream": (text) => () => pieces(bytesOf(text)),
  "a ReadableStream": (text) => () => new Blob([text]).stream(),
};

async function allOf(part: StreamedTextPart, pass = 0, from = 0) {
  const batches = [];
  for await (const [x, y] of part.begin(pass, from)) batches.push({ x: x.data, shape: x.shape, y: y.data });
  return batches;
}

const textsError = async (bytes: Uint8Array) => {
  try {
    textsFromCsv(bytes);
  } catch (error) {
    return error;
  }
  throw new Error("it was read");
};

async function made(): Promise<Model> {
  const model = await kit.sequential(
    [
      embedding({ inputDim: 40, outputDim: 4 }),
      lstm({ units: 5, dropout: 0.2 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { seed: 113 },
  );
  await model.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return model;
}

describe.each(Object.entries(SOURCES))("%s", (name, open) => {
  const isStream = name.includes("tream");

  test.each([false, true])("trains to the bits of the file in memory, shuffled: %s", async (shuffle) => {
    const { texts, labels } = textsFromCsv(CSV);
    const vocabulary = buildVocabulary(texts, { numWords: 40, maxLen: 6 });
    const wanted = await made();
    const x = encodeRows(vocabulary, texts);
    const one = await wanted.fit(x, Array.from(labels), { epochs: 2, batchSize: 16, shuffle });
    const data = await streamTexts(await open(CSV), {
      ...OPTIONS,
      // A window as large as the file is the whole order, too.
      shuffle: shuffle && isStream ? ROWS : shuffle,
    });
    expect(data.vocabulary).toEqual(vocabulary);
    const model = await made();
    const two = await model.fit(data.train, { epochs: 2 });
    expect(two.history).toEqual(one.history);
    expect(await model.digest()).toBe(await wanted.digest());
    expect(data.train.counts).toMatchObject({ samples: ROWS, classes: [100, 200] });
    await data.close();
  });

  test("windows have the order that they have in a string, and are begun anywhere", async () => {
    const options = { ...OPTIONS, testSplit: 0.3, shuffle: 50 };
    const [one, two] = [await streamTexts(CSV, options), await streamTexts(await open(CSV), options)];
    for (const pass of [0, 1]) expect(await allOf(two.train, pass)).toEqual(await allOf(one.train, pass));
    expect(await allOf(one.train, 1)).not.toEqual(await allOf(one.train, 0));
    expect(await allOf(two.test!)).toEqual(await allOf(one.test!));
    const all = await allOf(two.train, 1);
    expect(all.length).toBe(two.train.batches);
    for (const from of [1, 2, 3, 4, 7, all.length - 1, all.length])
      expect(await allOf(two.train, 1, from)).toEqual(all.slice(from));
    expect(two.train.fingerprint).toBe(one.train.fingerprint);
    await two.close();
  });
});

describe("the split", () => {
  const rowsOf = async (csv: string, options: StreamTextsOptions) => {
    const data = await streamTexts(csv, { ...OPTIONS, shuffle: false, ...options });
    const { words, indexFrom } = data.vocabulary;
    const texts = async (part: StreamedTextPart) =>
      (await allOf(part)).flatMap(({ x, shape }) =>
        Array.from({ length: shape[0]! }, (_, i) =>
          [...x.slice(i * shape[1]!, (i + 1) * shape[1]!)].map((id) => words[id - indexFrom - 1]).join(" "),
        ),
      );
    return { data, train: await texts(data.train), test: await texts(data.test!) };
  };

  test("gives the share, keeps equal texts on one side, and does not depend on where rows stand", async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `word${i % 1500},${i % 2}`);
    const csv = (of: string[]) => `text,label\n${of.join("\n")}`;
    const options = { numWords: 2000, maxLen: 2, testSplit: 0.25 };
    const one = await rowsOf(csv(lines), options);
    expect(one.test.length).toBeGreaterThan(650);
    expect(one.test.length).toBeLessThan(850);
    expect(one.train.length + one.test.length).toBe(3000);
    // Of two equal rows both are known words of the training part, or none.
    expect(one.test.every((text) => text.trim() === "")).toBe(true);
    const two = await rowsOf(csv([...lines].reverse()), options);
    expect([...two.train].sort()).toEqual([...one.train].sort());
    const other = await rowsOf(csv(lines), { ...options, seed: 1 });
    expect([...other.train].sort()).not.toEqual([...one.train].sort());
  });

  test("the number of a text is even over [0, 1), and the same everywhere", () => {
    const bins = new Array<number>(20).fill(0);
    for (let i = 0; i < 20_000; i++) bins[Math.floor(shareOf(`text number ${i}`, 7) * 20)]!++;
    for (const bin of bins) expect(Math.abs(bin - 1000)).toBeLessThan(150);
    expect(["", "a", "日本 🙂"].map((text) => shareOf(text, 113))).toMatchInlineSnapshot(`
      [
        0.056350238621234894,
        0.7837464744225144,
        0.894969254732132,
      ]
    `);
  });
});

describe("encodings", () => {
  const ascii = table(40).replace(/[^\0-\x7f]/g, "");
  const latin = "text,label\ncafé “quoted” straße,0\nna\u00efve – dash,1\n";
  const utf16 = (text: string, isBig: boolean) => {
    const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
    return new Uint8Array(isBig ? bytes.swap16() : bytes);
  };
  const windows1252 = Uint8Array.from(latin, (letter) => {
    const special = { "“": 0x93, "”": 0x94, "–": 0x96 }[letter];
    return special ?? letter.charCodeAt(0);
  });
  test.each<[string, CsvSource, string, StreamTextsOptions]>([
    ["a mark of UTF-8", bytesOf(`\ufeff${CSV}`), CSV, {}],
    ["UTF-16, little end first", utf16(CSV, false), CSV, {}],
    ["UTF-16, big end first", utf16(CSV, true), CSV, {}],
    ["Windows-1252", windows1252, latin, { encoding: "windows-1252" }],
    ["\\r\\n", table(40, "\r\n"), table(40), {}],
    ["\\r", table(40, "\r"), table(40), {}],
    ["Shift JIS, in windows", bytesOf(ascii), ascii, { encoding: "shift_jis", shuffle: 9 }],
  ])("%s", async (_, source, text, options) => {
    const [one, two] = [
      await streamTexts(text, { ...OPTIONS, shuffle: options.shuffle ?? true }),
      await streamTexts(source, { ...OPTIONS, ...options }),
    ];
    expect(two.vocabulary).toEqual(one.vocabulary);
    expect(await allOf(two.train)).toEqual(await allOf(one.train));
  });

  test("bytes that are none are refused with their line", async () => {
    const bytes = bytesOf(CSV);
    bytes[bytes.indexOf(10, 3000) + 2] = 0xff;
    await expect(streamTexts(() => pieces(bytes, 100), OPTIONS)).rejects.toThrow(
      codedError("BAD_CSV", /line (\d+) is not UTF-8/),
    );
    // Far behind the beginning by which columns are told, too: with the line that textsFromCsv names.
    const long = bytesOf(table(5000));
    long[long.length - 200] = 0xff;
    const wanted = /line \d+/.exec(String(await textsError(long)))![0];
    await expect(streamTexts(() => pieces(long, 1000), OPTIONS)).rejects.toThrow(`${wanted} is not UTF-8`);
  });
});

describe("what goes wrong", () => {
  const big = `text,label\n${Array.from({ length: 5000 }, (_, i) => `some words ${i},${i % 2}`).join("\n")}\n`;

  test.each<[string, CsvSource, StreamTextsOptions, string, RegExp]>([
    ["an empty file", "", {}, "BAD_CSV", /the file is empty/],
    ["an empty stream", () => pieces(new Uint8Array(0)), {}, "BAD_CSV", /the file is empty/],
    ["a header alone", "text,label\n", {}, "BAD_CSV", /only the header/],
    ["a row of other cells", `${big}one,two,three\n`, {}, "BAD_CSV", /line 5002 has 3 cells/],
    ["a quote without an end", `${big}"one,1\n`, {}, "BAD_CSV", /line 5002: the quote .* never closed/],
    ["a row without a class", `${big}one,\n`, {}, "BAD_CSV", /line 5002 has no "label"/],
    [
      "a quote that swallows rows",
      `${big}"one,1\ntwo,0\nthree",1\n`,
      {},
      "BAD_CSV",
      /line 5002: .* would be a row/,
    ],
    ["a third class", `${big}one,2\n`, {}, "BAD_LABEL", /3 classes/],
    [
      "another class than given",
      `${big}one,2\n`,
      { classes: ["0", "1"] },
      "BAD_LABEL",
      /line 5002: "label" is "2"/,
    ],
    [
      "names without end",
      big.replace(/ (\d+),\d/g, ",$1").replaceAll("\n", "\n"),
      {},
      "BAD_LABEL",
      /classes/,
    ],
    ["columns that cannot be told", "a,b,c\n1,2,3\n", {}, "BAD_CSV", /none or several could be the text/],
    [
      "a part without rows",
      "text,label\na,0\nb,1\n",
      { testSplit: 0.0001 },
      "BAD_DATASET",
      /the test part has no row/,
    ],
    [
      "shuffle: true of a stream",
      () => pieces(bytesOf(CSV)),
      { shuffle: true },
      "BAD_ARGUMENT",
      /Give a window/,
    ],
    ["no file", 5 as never, {}, "BAD_ARGUMENT", /was given 5 for its file/],
    ["no stream", (() => 5) as never, {}, "BAD_ARGUMENT", /the function of a stream gave 5/],
    ["a stream of texts", (() => ["a"]) as never, {}, "BAD_ARGUMENT", /gave \["a"\]|gave "a"/],
    ["an option of another", CSV, { stratify: true } as never, "BAD_ARGUMENT", /has no option "stratify"/],
    [
      "a vocabulary and numWords",
      CSV,
      { vocabulary: buildVocabulary(["a"]), numWords: 9 },
      "BAD_ARGUMENT",
      /numWords says how/,
    ],
  ])("%s", async (_, source, options, code, message) => {
    await expect(streamTexts(source, options)).rejects.toThrow(codedError(code as never, message));
  });

  test("an error of a stream's is that which rejects, at once and in the middle of an epoch", async () => {
    const mine = new RangeError("mine");
    let isBroken = false;
    const broken = async function* () {
      for await (const piece of pieces(bytesOf(CSV), 1000)) {
        if (isBroken) throw mine;
        yield piece;
      }
    };
    const data = await streamTexts(broken, { ...OPTIONS, shuffle: 20 });
    isBroken = true;
    await expect((await made()).fit(data.train)).rejects.toBe(mine);
    await expect(streamTexts(broken, OPTIONS)).rejects.toBe(mine);
  });

  test("a stream that can be read once says so in the second reading", async () => {
    const stream = new Blob([CSV]).stream();
    const data = await streamTexts(() => stream, OPTIONS);
    await expect((await made()).fit(data.train)).rejects.toThrow(/a new one at each call|locked|was changed/);
  });

  test("a stream or a file that is another one later is refused", async () => {
    let text = CSV;
    const data = await streamTexts(() => pieces(bytesOf(text)), { ...OPTIONS, shuffle: 20 });
    for (const other of [CSV.slice(0, CSV.length / 2), CSV + CSV.slice(CSV.indexOf("\n") + 1)]) {
      text = other.slice(0, other.lastIndexOf("\n") + 1);
      await expect((await made()).fit(data.train)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    }
    const path = join(folder, "changing.csv");
    writeFileSync(path, CSV);
    const bytes = await fileBytes(path);
    const own = await streamTexts(bytes, OPTIONS);
    writeFileSync(path, CSV.slice(0, 500));
    await expect((await made()).fit(own.train)).rejects.toThrow(codedError("FILE_UNREADABLE", /was changed/));
    await own.close();
    await bytes.close();
    await expect(streamTexts(bytes, OPTIONS)).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(fileBytes(join(folder, "none.csv"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(fileBytes(folder)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("a signal ends the first reading", async () => {
    const stop = new AbortController();
    const reading = streamTexts(() => pieces(bytesOf(big), 1000), {
      ...OPTIONS,
      signal: stop.signal,
      onProgress: ({ rows }) => {
        if (rows > 3000) stop.abort();
      },
    });
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
  });
});

test("what cannot be held is let go: words that were seen least, and that is said", () => {
  const counts = new WordCounts(100);
  for (let i = 0; i < 1000; i++) counts.add(["often", `rare${i}`, i % 3 === 0 ? "seldom" : "often"]);
  expect(counts.ranked().slice(0, 2)).toEqual(["often", "seldom"]);
  expect(counts.ranked().length).toBeLessThanOrEqual(100);
  expect(counts.missed).toBeGreaterThan(0);
  const exact = new WordCounts(100);
  exact.add(["b", "a", "a"]);
  expect([exact.ranked(), exact.missed]).toEqual([["a", "b"], 0]);
});

test("a large index lies in a file that is gone with it", async () => {
  const scratch = mkdtempSync(join(folder, "scratch-"));
  const path = join(folder, "rows.csv");
  writeFileSync(path, "text,label\n");
  // A little more than 16 MiB of index.
  const many = Array.from({ length: 10_000 }, (_, i) => `w${i % 97},${i % 2}\n`).join("");
  for (let i = 0; i < 142; i++) appendFileSync(path, many);
  const bytes = await fileBytes(path, { scratch });
  const data = await streamTexts(bytes, { ...OPTIONS, numWords: 101, batchSize: 5000 });
  const seen = new Uint32Array(101);
  let rows = 0;
  for await (const [x] of data.train.begin(0, 0)) {
    rows += x.shape[0]!;
    for (const id of x.data) seen[id]!++;
    if (rows > 100_000) break;
  }
  // As even as a shuffle of all rows is.
  const counted = [...seen.slice(4)];
  expect(Math.min(...counted)).toBeGreaterThan(800);
  expect(Math.max(...counted)).toBeLessThan(1300);
  await data.close();
  await bytes.close();
  expect(readdirSync(scratch)).toEqual([]);
  const away = await fileBytes(path, { scratch: join(folder, "no folder") });
  await expect(streamTexts(away, OPTIONS)).rejects.toThrow(codedError("FILE_UNWRITABLE", /scratch/));
  await away.close();
});

test("evaluate takes a part, and a model in a worker does", async () => {
  const data = await streamTexts(CSV, { ...OPTIONS, testSplit: 0.3 });
  const model = await made();
  const batches: SampleBatch[] = [];
  for await (const batch of data.test!.begin(0, 0)) batches.push(batch);
  expect(await model.evaluate(data.test!)).toEqual(await model.evaluate(() => batches));
  await model.fit(data.train, { validationData: data.test! });
});
