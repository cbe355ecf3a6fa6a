import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "fflate";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCsv, loadImdb, loadSpam } from "../../src/data/load-node.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";
import { imdbNpz } from "./npz-fixture.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lstmkit-load-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function put(path: string, content: string | Uint8Array): Promise<string> {
  const whole = join(folder, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, content);
  return whole;
}

const reviews = {
  "train/neg/0_1.txt": "bad film",
  "train/neg/1_2.txt": "poor film",
  "train/pos/0_9.txt": "good film",
  "train/pos/1_9.txt": "fine",
  "test/neg/0_1.txt": "bad",
  "test/pos/0_9.txt": "good",
};

describe("loadImdb", () => {
  test("gives the same from the folder and from its .tar.gz", async () => {
    for (const [path, text] of Object.entries(reviews)) await put(`aclImdb/${path}`, text);
    await put("aclImdb/train/unsup/0_0.txt", "not read");
    await put("aclImdb/train/neg/.hidden", "not read");
    const entries = Object.entries(reviews).map(([path, text]) => ({
      header: { name: `aclImdb/${path}`, size: text.length, type: "file" as const },
      body: text,
    }));
    const archive = await put("aclImdb.tar.gz", gzipSync(await packTar(entries.toReversed())));
    const fromFolder = await loadImdb({ data: join(folder, "aclImdb"), maxLen: 4 });
    expect(fromFolder.train.x.shape).toEqual([4, 4]);
    expect(await loadImdb({ data: archive, maxLen: 4 })).toEqual(fromFolder);
  });

  test("takes the vocabulary of an imdb.npz from the word index beside it", async () => {
    const npz = imdbNpz([[1, 2], [2]], [0, 1], [[1]], [1]);
    const alone = await put("alone/imdb.npz", npz);
    expect((await loadImdb({ data: alone, numWords: 6 })).vocabulary).toBeUndefined();
    const beside = await put("beside/imdb.npz", npz);
    await put("beside/imdb_word_index.json", '{"the": 1, "film": 2}');
    const words = async () => (await loadImdb({ data: beside, numWords: 6 })).vocabulary!.words;
    expect(await words()).toEqual(["the", "film"]);
    const marked = '\ufeff{"the": 1, "films": 2}';
    await put("beside/imdb_word_index.json", marked);
    expect(await words()).toEqual(["the", "films"]);
    await put("beside/imdb_word_index.json", new Uint8Array(Buffer.from(marked, "utf16le")));
    expect(await words()).toEqual(["the", "films"]);
    await put("beside/imdb_word_index.json", Uint8Array.of(0x7b, 0xff));
    await expect(words()).rejects.toThrow(codedError("BAD_DATASET", /line 1 is not UTF-8/));
  });

  test("does not wait for a pipe among the reviews, or in the place of the word index", async () => {
    for (const [path, text] of Object.entries(reviews)) await put(`piped/${path}`, text);
    execFileSync("mkfifo", [join(folder, "piped/test/pos/1_9.txt")]);
    const refusal = codedError("FILE_UNREADABLE", /(1_9\.txt|word_index\.json) is a pipe/);
    await expect(loadImdb({ data: join(folder, "piped") })).rejects.toThrow(refusal);
    const npz = await put("piped/imdb.npz", imdbNpz([[1, 2], [2]], [0, 1], [[1]], [1]));
    execFileSync("mkfifo", [join(folder, "piped/imdb_word_index.json")]);
    await expect(loadImdb({ data: npz, numWords: 6 })).rejects.toThrow(refusal);
  });

  test("says when there is no such file, or another kind of file", async () => {
    await expect(loadImdb({ data: join(folder, "none.npz") })).rejects.toThrow(
      codedError("FILE_NOT_FOUND", /there is no .*none\.npz/),
    );
    const csv = await put("reviews.csv", "text,label\na,0\nb,1\n");
    await expect(loadImdb({ data: csv })).rejects.toThrow(codedError("BAD_NPZ"));
    await mkdir(join(folder, "empty"), { recursive: true });
    await expect(loadImdb({ data: join(folder, "empty") })).rejects.toThrow(
      codedError("FILE_NOT_FOUND", /train/),
    );
  });
});

describe("loadCsv", () => {
  test("reads, splits and encodes a file", async () => {
    const rows = Array.from({ length: 10 }, (_, i) => `"text ${i}, more",${i % 2 ? "spam" : "ham"}`);
    const path = await put("mail.csv", `message,class\n${rows.join("\n")}\n`);
    const dataset = await loadCsv(path, { maxLen: 5 });
    expect(dataset).toMatchObject({ name: "mail.csv", classes: ["ham", "spam"] });
    expect(dataset.train.x.shape).toEqual([8, 5]);
    expect(dataset.test.x.shape).toEqual([2, 5]);
  });

  test("takes the options of the file and those of the data set", async () => {
    const rows = Array.from({ length: 10 }, (_, i) => `caf\xe9 ${i}|${i % 2}`).join("\r");
    const path = await put(
      "latin1.csv",
      Uint8Array.from(rows, (character) => character.charCodeAt(0)),
    );
    const options = { header: false, separator: "|", quote: "none", encoding: "latin1", text: "1" } as const;
    const { vocabulary, train } = await loadCsv(path, { ...options, tokenizer: "keras", testSplit: 0.3 });
    expect(vocabulary!.words[0]).toBe("café");
    expect(vocabulary).not.toHaveProperty("tokenizer");
    expect(train.x.shape[0]).toBe(7);
    await expect(loadCsv(path, { ...options, separator: "||" })).rejects.toThrow(codedError("BAD_ARGUMENT"));
  });

  test("takes the test part from a second file, read by the names of the first", async () => {
    const rows = (from: number) =>
      Array.from({ length: 6 }, (_, i) => `text ${from + i},${i % 2 ? "spam" : "ham"}`);
    const train = await put("train.csv", `text,label\n${rows(0).join("\n")}`);
    // A guess would take the column called class, or ask.
    const test = await put(
      "test.csv",
      "label,class,text\nSpam,ham,text 1\nSpam,ham,text 10\nham,spam,more\n",
    );
    const dataset = await loadCsv(train, { test, maxLen: 4 });
    expect(dataset.train.y.data).toHaveLength(6);
    expect([...dataset.test.y.data].sort()).toEqual([0, 1, 1]);
    expect(dataset).toMatchObject({ name: "train.csv", overlap: 1 });
    const bare = await put("bare.csv", rows(6).join("\n"));
    expect((await loadCsv(pathToFileURL(train), { test: pathToFileURL(bare) })).test.y.data).toHaveLength(6);

    await symlink(train, join(folder, "link.csv"));
    const refused = (path: string, code: ErrorCode, message: RegExp, others = {}) =>
      expect(loadCsv(train, { test: path, ...others })).rejects.toThrow(codedError(code, message));
    await refused(join(folder, "link.csv"), "BAD_ARGUMENT", /is the training file itself/);
    await refused(join(folder, "none.csv"), "FILE_NOT_FOUND", /there is no/);
    await refused(test, "BAD_ARGUMENT", /testSplit says how texts are split/, { testSplit: 0.3 });
    await put("other.csv", "text,label\na,ham\nb,eggs\n");
    await refused(join(folder, "other.csv"), "BAD_LABEL", /line 3: "label" is "eggs"/);
    await expect(loadCsv(train, { labels: "x" } as never)).rejects.toThrow(
      codedError("BAD_ARGUMENT", /loadCsv\(\) has no option "labels": did you mean label\?/),
    );
  });

  test("says when a file cannot be read", async () => {
    await expect(loadCsv(new URL("file:///none.csv"))).rejects.toThrow(codedError("FILE_NOT_FOUND"));
    await expect(loadCsv(join(folder, "none.csv"))).rejects.toThrow(codedError("FILE_NOT_FOUND"));
    await expect(loadCsv(folder)).rejects.toThrow(codedError("FILE_UNREADABLE", /is a folder/));
  });
});

test("loadSpam finds the corpus of the package", async () => {
  expect(await loadSpam({ maxLen: 10 })).toMatchObject({
    name: "spam",
    classes: ["ham", "spam"],
    inputDim: 10_000,
  });
});
