import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "fflate";
import { packTar } from "modern-tar";
import { describe, expect, test } from "vitest";
import { imdbFromNpz, imdbFromTexts } from "../../src/data/imdb.ts";
import { type ArchiveFile, imdbTextsOfFiles, imdbTextsOfTarGz } from "../../src/data/imdb-archive.ts";
import { encode } from "../../src/data/vocabulary.ts";
import { codedError } from "./coded-error.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const files: ArchiveFile[] = [
  ["train/pos/10_9.txt", "Good film"],
  ["train/pos/1_7.txt", "Très bon"],
  ["train/neg/0_2.txt", "Bad film"],
  ["test/neg/0_1.txt", "Worse"],
  ["test/pos/0_10.txt", "Better"],
  ["train/unsup/0_0.txt", "no label"],
  ["train/labeledBow.feat", "0 9:1"],
  ["README", "about"],
].map(([path, text]) => ({ path: path!, bytes: bytes(text!) }));

async function tarGz(inFolder: string, entries: readonly ArchiveFile[]): Promise<Uint8Array> {
  const tar = await packTar(
    entries.map(({ path, bytes: body }) => ({
      header: { name: `${inFolder}${path}`, size: body.length, type: "file" },
      body,
    })),
  );
  return gzipSync(tar);
}

describe("imdbTextsOfFiles", () => {
  test("takes the labelled reviews in order of their paths", () => {
    const { train, test: held } = imdbTextsOfFiles(files);
    expect(train).toEqual({
      texts: ["Bad film", "Good film", "Très bon"],
      labels: [0, 1, 1],
      classes: ["negative", "positive"],
    });
    expect(held).toMatchObject({ texts: ["Worse", "Better"], labels: [0, 1] });
  });

  test("gives the same whatever the order of the files", () => {
    expect(imdbTextsOfFiles(files.toReversed())).toEqual(imdbTextsOfFiles(files));
  });

  test("refuses a part without one of its classes", () => {
    const without = files.filter(({ path }) => path !== "test/pos/0_10.txt");
    expect(() => imdbTextsOfFiles(without)).toThrow(codedError("BAD_DATASET", /1 reviews under test\//));
  });

  test("refuses a review that is not UTF-8, naming it", () => {
    const damaged = [...files, { path: "train/neg/3_3.txt", bytes: Uint8Array.of(0xff) }];
    expect(() => imdbTextsOfFiles(damaged)).toThrow(
      codedError("BAD_DATASET", /"train\/neg\/3_3\.txt" is not UTF-8/),
    );
  });
});

describe("imdbTextsOfTarGz", () => {
  test.each(["aclImdb/", "./", ""])("reads an archive of %j", async (folder) => {
    expect(await imdbTextsOfTarGz(await tarGz(folder, files))).toEqual(imdbTextsOfFiles(files));
  });

  test("refuses an archive that is cut short, or none", async () => {
    const archive = await tarGz("aclImdb/", files);
    for (const length of [0, 1, 20, archive.length >> 1, archive.length - 1]) {
      await expect(imdbTextsOfTarGz(archive.subarray(0, length))).rejects.toThrow(codedError("BAD_DATASET"));
    }
    await expect(imdbTextsOfTarGz(bytes("review,label\n"))).rejects.toThrow(
      codedError("BAD_DATASET", /no \.tar\.gz/),
    );
  });

  test("refuses an archive that unpacks to a thousand times its size, whatever the name of the file", async () => {
    for (const path of ["train/neg/0_0.txt", "other"]) {
      const bomb = await tarGz("", [...files, { path, bytes: new Uint8Array(6 * 2 ** 20) }]);
      await expect(imdbTextsOfTarGz(bomb)).rejects.toThrow(
        codedError("BAD_DATASET", /more than 4194304 bytes/),
      );
    }
  });

  const folder = `${process.env.LSTMKIT_DATA}/imdb`;
  test.skipIf(!existsSync(folder))(
    "with Keras's word index gives the rows of imdb.npz, in another order (needs LSTMKIT_DATA)",
    async () => {
      const options = { numWords: 10_000, maxLen: 80 };
      const wordIndex = readFileSync(`${folder}/imdb_word_index.json`, "utf8");
      const texts = await imdbTextsOfTarGz(readFileSync(`${folder}/aclImdb_labeled.tar.gz`));
      const fromTexts = imdbFromTexts(texts, { ...options, wordIndex });
      const fromNpz = imdbFromNpz(readFileSync(`${folder}/imdb.npz`), options);
      const sorted = ({ data }: { data: Int32Array }): string[] =>
        Array.from({ length: 25_000 }, (_, i) => data.subarray(i * 80, (i + 1) * 80).join()).sort();
      expect(sorted(fromTexts.train.x)).toEqual(sorted(fromNpz.train.x));
    },
  );

  test.skipIf(!existsSync(folder))(
    "every review's ids are what they were before texts were cut by Unicode's rules, which would move 1,132 (needs LSTMKIT_DATA)",
    async () => {
      const wordIndex = readFileSync(`${folder}/imdb_word_index.json`, "utf8");
      const texts = await imdbTextsOfTarGz(readFileSync(`${folder}/aclImdb_labeled.tar.gz`));
      const {
        vocabulary,
        train,
        test: held,
      } = imdbFromTexts(texts, { numWords: 10_000, maxLen: 2600, wordIndex });
      const digest = ({ x }: typeof train) => createHash("sha256").update(x.data).digest("hex").slice(0, 16);
      expect([digest(train), digest(held)]).toEqual(["fb3cc8ed4a39d15a", "4a60c96715597d8f"]);
      const unicode = { ...vocabulary!, tokenizer: "unicode" as const };
      const moved = [...texts.train.texts, ...texts.test.texts].filter(
        (text) => encode(vocabulary!, text).join() !== encode(unicode, text).join(),
      );
      expect(moved).toHaveLength(1132);
    },
  );
});
