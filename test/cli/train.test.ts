import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTextMetadata } from "../../src/data/text-metadata.ts";
import { createRuntime, loadCsv, loadModel } from "../../src/node.ts";
import { type Event, events, outcome, REVIEWS, SMALL, Workplace } from "./command-line.ts";

let place: Workplace;
beforeAll(() => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
});
afterAll(() => place.dispose());

const NUMBER = expect.any(Number);

async function trained(...flags: string[]): Promise<Event[]> {
  const { code, stdout, stderr } = await place.run(["train", "reviews.csv", ...SMALL, "--json", ...flags]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return events(stdout);
}

describe("lstmkit train", () => {
  test("--json gives the documented events and nothing else", async () => {
    const flags = SMALL.slice(2); // without --epochs 1
    const { code, stdout } = await place.run(
      [
        "train",
        "reviews.csv",
        "--json",
        "--epochs",
        "2",
        "--seed",
        "7",
        "--out",
        "events.safetensors",
      ].concat(flags),
    );
    expect(code).toBe(0);
    const epoch = {
      event: "epoch",
      epochs: 2,
      loss: NUMBER,
      accuracy: NUMBER,
      seconds: NUMBER,
      msPerStep: NUMBER,
    };
    expect(events(stdout)).toEqual([
      {
        event: "start",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        engine: expect.stringMatching(/^\w+ \d+/),
        math: "strict",
        threads: NUMBER,
        vectors: expect.toSatisfy((bits) => bits === 128 || bits === 256),
        parameters: 50 * 8 + (8 + 8 + 1) * 4 * 8 + 9,
        seed: 7,
        dataset: "reviews.csv",
        classes: ["negative", "positive"],
        train: { samples: 32, counts: [16, 16], baseline: 0.5, words: 160, unknown: NUMBER },
        test: { samples: 8, counts: [4, 4], baseline: 0.5, words: 40, unknown: NUMBER },
      },
      { ...epoch, epoch: 1 },
      { ...epoch, epoch: 2, valLoss: NUMBER, valAccuracy: NUMBER },
      { event: "evaluate", split: "train", loss: NUMBER, accuracy: NUMBER, samples: 32 },
      { event: "evaluate", split: "test", loss: NUMBER, accuracy: NUMBER, samples: 8 },
      {
        event: "done",
        seconds: NUMBER,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        out: "events.safetensors",
      },
    ]);
  });

  test("the vectors' width is in the first line; a word is lost only on 256 bits that were asked for in vain", async () => {
    const first = async (...vectors: string[]) => {
      const { code, stdout, stderr } = await place.run(["train", "reviews.csv", ...SMALL, ...vectors]);
      expect(code).toBe(0);
      return { bits: /^lstmkit .*, (\d+)-bit vectors, seed/.exec(stdout)![1], stderr };
    };
    expect(await first("--vectors", "128")).toEqual({ bits: "128", stderr: "" });
    const { bits, stderr } = await first();
    expect(stderr).toBe("");
    const asked = await first("--vectors", "256");
    expect(asked.bits).toBe(bits);
    expect(asked.stderr).toMatch(bits === "256" ? /^$/ : /^The vectors have 128 bits: .+\.\n$/);
    const wrong = await place.run(["train", "reviews.csv", ...SMALL, "--vectors", "512"]);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('--vectors is "512"; wanted 128'),
    ]);
  });

  test("the same seed gives the same digest, another seed another", async () => {
    const digest = async (seed: string) => (await trained("--seed", seed)).at(-1)!.digest;
    const first = await digest("1");
    expect(await digest("1")).toBe(first);
    expect(await digest("2")).not.toBe(first);
  });

  test("into a pipe, it prints the summary, a line an epoch, both results, the time, digest and file", async () => {
    const { code, stdout, stderr } = await place.run(["train", "reviews.csv", ...SMALL, "--cell", "rnn"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /\nreviews\.csv: train 32 \(16 negative, 16 positive\), test 8 \(4 negative, 4 positive\)\nAlways negative: accuracy 0\.5000 on the test part\nUnknown words: \d+\.\d % of the 40 in the test part\n/,
    );
    expect(stdout).toMatch(/simple_rnn \(SimpleRNN\) .*\n[\s\S]*Total params: 545\n/);
    expect(stdout).toMatch(
      /\nEpoch 1\/1 - \d+\.\ds - [\d.]+ms\/step - loss: 0\.\d{4} - accuracy: \d\.\d{4}\nTraining set: loss 0\.\d{4}, accuracy \d\.\d{4} \(32 samples\)\nTest set: loss 0\.\d{4}, accuracy \d\.\d{4} \(8 samples\)\nElapsed time: \d+\.\ds\nDigest: [0-9a-f]{64}\nModel saved to model\.safetensors\n$/,
    );
    expect(stdout).not.toContain("\u001b");
    expect(readdirSync(place.folder)).toContain("model.safetensors");
  });

  test("an --out that cannot be written is refused before the data is read", async () => {
    place.write("file", "");
    for (const out of ["nowhere/model.safetensors", "file/model.safetensors", "."]) {
      const { code, stderr } = await place.run(["train", "nowhere.csv", "--out", out]);
      expect(stderr).toMatch(/^lstmkit: FILE_UNWRITABLE: [^\n]*\n$/);
      expect(code).toBe(1);
    }
  });

  test("a .csv without the named column is refused with the columns it has", async () => {
    const { code, stderr } = await place.run(["train", "reviews.csv", ...SMALL, "--text", "body"]);
    expect(stderr).toMatch(/^lstmkit: BAD_CSV: the columns "review", "sentiment"; wanted one called "body"/);
    expect(code).toBe(1);
  });

  test("a CSV file of another make is read by its flags, and evaluated by the same", async () => {
    const rows = REVIEWS.split("\n").slice(1);
    place.write(
      "rows.csv",
      Buffer.from(
        rows
          .join("\r")
          .replaceAll('"', "")
          .replaceAll(",p", "|p")
          .replaceAll(",n", "|n")
          .replaceAll("A ", '"caf\xe9 '),
        "latin1",
      ),
    );
    const flags = "--no-header --separator | --quote none --encoding latin1 --label 2".split(" ");
    const trained = await place.run([
      "train",
      "rows.csv",
      ...SMALL,
      ...flags,
      "--words",
      "segmenter",
      "--out",
      "rows.safetensors",
    ]);
    expect({ code: trained.code, stderr: trained.stderr }).toEqual({ code: 0, stderr: "" });
    expect(trained.stdout).toContain("rows.csv: train 32 (16 negative, 16 positive), test 8 (4 ");
    const evaluated = await place.run(["evaluate", "rows.safetensors", "rows.csv", ...flags]);
    expect(evaluated.stdout).toMatch(/\(40 samples\)\n$/);
    const runtime = await createRuntime();
    const { vocabulary } = readTextMetadata(await loadModel(runtime, place.path("rows.safetensors")));
    expect(vocabulary).toMatchObject({ tokenizer: "segmenter" });
    expect(vocabulary!.words).toContain("café");
    await runtime.close();
  });

  test("a CSV file without a header is said to be one, and loses no row", async () => {
    place.write("bare.csv", REVIEWS.split("\n").slice(1).join("\n"));
    const { code, stdout, stderr } = await place.run(["train", "bare.csv", ...SMALL]);
    expect(stderr).toBe(
      "bare.csv begins with a row, not a header: column 1 is the text, column 2 the class.\n",
    );
    expect(stdout).toContain("bare.csv: train 32 (16 negative, 16 positive), test 8 (4 ");
    expect(code).toBe(0);
  });

  test("a rare class is in both parts; one with a single text is missed, and that is said", async () => {
    const ham = Array.from({ length: 192 }, (_, i) => `Re: number ${i},ham`);
    const spam = Array.from({ length: 8 }, (_, i) => `prize ${i},spam`);
    place.write("rare.csv", ["text,label", ...ham, ...spam].join("\n"));
    const rare = await place.run(["train", "rare.csv", ...SMALL, "--out", "rare.safetensors"]);
    expect(rare.stdout).toContain("rare.csv: train 160 (154 ham, 6 spam), test 40 (38 ham, 2 spam)\n");
    expect(rare.stdout).toContain("Always ham: accuracy 0.9500 on the test part\n");
    expect(rare.stderr).toBe("");

    place.write("lone.csv", ["text,label", ...ham, "prize,spam", "Prize!,spam"].join("\n"));
    const lone = await place.run(["train", "lone.csv", ...SMALL, "--json", "--out", "rare.safetensors"]);
    expect(events(lone.stdout)[0]).toMatchObject({ train: { counts: [154, 2] }, test: { counts: [38, 0] } });
    expect(lone.stderr).toBe(
      "The test part has no spam: its accuracy says little. Give more different texts of it.\n",
    );
  });

  test("--test names a second file: all of the first trains, classes go by name, and what both have is said", async () => {
    const rows = REVIEWS.split("\n").slice(1, 11);
    const others = rows.map((row, i) => (i < 3 ? row : row.replace("film", "unheard of play")));
    const named = others.join("\n").replaceAll("positive", "Positive ").replaceAll("negative", "0");
    place.write("held.csv", `sentiment,review\n${named.replace(/^(".*"),(.*)$/gm, "$2,$1")}`);
    const flags = ["--test", "held.csv", "--classes", "0=negative", "--out", "held.safetensors"];
    const { code, stdout, stderr } = await place.run(["train", "reviews.csv", ...SMALL, "--json", ...flags]);
    expect(stderr).toBe(
      'held.csv: "Positive" is read as "positive".\n' +
        "3 of 10 test texts are in the training part, too: what is right about them may be learnt by heart.\n",
    );
    expect(code).toBe(0);
    const [start] = events(stdout);
    expect(start).toMatchObject({
      train: { samples: 40, counts: [20, 20] },
      test: { samples: 10, counts: [5, 5], words: 3 * 5 + 7 * 7, unknown: 3 * 7 },
      overlap: 3,
    });
    // The vocabulary is the training part's alone.
    const runtime = await createRuntime();
    const { vocabulary } = readTextMetadata(await loadModel(runtime, place.path("held.safetensors")));
    expect(vocabulary!.words).not.toContain("play");
    await runtime.close();
  });

  test.for<[string[], RegExp, number]>([
    [["spam", "--test", "reviews.csv"], /--test is for the texts of a CSV file; spam has a test part/, 2],
    [["reviews.csv", "--test", "imdb"], /--test is "imdb"; wanted the path of a \.csv/, 2],
    [["reviews.csv", "--test", "./reviews.csv"], /reviews\.csv" is the training file itself/, 1],
    [["reviews.csv", "--test", "none.csv"], /FILE_NOT_FOUND: there is no none\.csv/, 1],
    [["spam", "--classes", "0=ham"], /--classes is for the names in a CSV file/, 2],
    [["reviews.csv", "--classes", "0,1"], /--classes is "0,1"; wanted pairs/, 2],
    [["reviews.csv", "--classes", "0=a=b"], /wanted pairs/, 2],
    [["reviews.csv", "--classes", '{"0": 1}'], /wanted pairs/, 2],
    [["reviews.csv", "--classes", "0=a, 0 =b"], /--classes has "0" twice/, 2],
  ])("%s is refused", async ([args, message, wanted]) => {
    const { code, stderr } = await place.run(["train", ...args, "--out", "never.safetensors"]);
    expect(stderr).toMatch(message);
    expect(code).toBe(wanted);
    expect(readdirSync(place.folder)).not.toContain("never.safetensors");
  });

  test.for<[string[], RegExp]>([
    [["reviews.csv", "--separator", "ab"], /--separator is "ab"; wanted tab, or one character/],
    [["reviews.csv", "--quote", "single"], /--quote is "single"; wanted double or none/],
    [["reviews.csv", "--encoding", "x"], /--encoding is "x"/],
    [["reviews.csv", "--words", "x"], /--words is "x"; wanted keras or unicode or segmenter/],
    [["spam", "--no-header"], /--no-header says how to read a CSV file; the data set here is spam/],
    [["imdb", "--words", "segmenter"], /--words is for a CSV file/],
  ])("%s is bad usage", async ([args, message]) => {
    const { code, stderr } = await place.run(["train", ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test("a loss that is no number ends it with a coded error", async () => {
    const { code, stdout, stderr } = await place.run([
      "train",
      "reviews.csv",
      ...SMALL,
      "--json",
      "--lr",
      "1e38",
      "--out",
      "never.safetensors",
    ]);
    expect(events(stdout).at(-1)).toMatchObject({ event: "error", code: "LOSS_NOT_FINITE" });
    expect(stderr).toMatch(/^lstmkit: LOSS_NOT_FINITE: [^\n]*\n$/);
    expect(code).toBe(1);
    expect(readdirSync(place.folder)).not.toContain("never.safetensors");
  });

  test("Ctrl-C keeps the weights with the best validation loss, and exits with 130", async () => {
    // At this rate the best of the first twenty epochs is not the last of them.
    const flags = "--epochs 1000000 --validation-freq 1 --lr 0.3 --out best.safetensors".split(" ");
    const child = place.start("train", "reviews.csv", "--json", ...SMALL.slice(2), ...flags);
    let seen = "";
    const watch = (piece: Buffer) => {
      seen += piece.toString();
      if (!seen.includes('"epoch":20,')) return;
      child.kill("SIGINT");
      child.stdout.off("data", watch);
    };
    child.stdout.on("data", watch);
    const { code, stdout, stderr } = await outcome(child);
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    const all = events(stdout);
    const last = all.at(-1)!;
    expect(last).toEqual({ event: "interrupted", digest: expect.any(String), out: "best.safetensors" });

    const validations = all.filter(({ event }) => event === "epoch").map(({ valLoss }) => Number(valLoss));
    expect(validations.at(-1)).toBeGreaterThan(Math.min(...validations));
    const runtime = await createRuntime();
    const model = await loadModel(runtime, place.path("best.safetensors"));
    const { test } = await loadCsv(place.path("reviews.csv"), { numWords: 50, maxLen: 10 });
    const { loss } = await model.evaluate(test.x, test.y, { batchSize: 8 });
    expect(loss).toBe(Math.min(...validations));
    expect(await model.digest()).toBe(last.digest);
    await runtime.close();
    expect(readdirSync(place.folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  test("SIGTERM before a validation keeps the weights as they are, and says so", async () => {
    const long = [...SMALL.slice(2), "--epochs", "1000000", "--validation-freq", "1000000"];
    const child = place.start("train", "reviews.csv", ...long, "--out", "current.safetensors");
    child.stdout.once("data", () => child.stdout.once("data", () => child.kill("SIGTERM")));
    const { code, stdout, stderr } = await outcome(child);
    expect(code).toBe(130);
    expect(stderr).toBe("Stopping; press Ctrl-C again to stop at once.\n");
    expect(stdout).toMatch(
      /\nInterrupted\. Model saved to current\.safetensors: the weights as they were in epoch \d+\.\n$/,
    );
    const { code: evaluated } = await place.run(["evaluate", "current.safetensors", "reviews.csv"]);
    expect(evaluated).toBe(0);
  });

  test("a reader of its output that goes away stops it as Ctrl-C does", async () => {
    const child = place.start("train", "reviews.csv", "--json", "--epochs", "1000000", ...SMALL.slice(2));
    let seen = "";
    child.stdout.on("data", (piece: Buffer) => {
      seen += piece.toString();
      if (seen.includes('"epoch"')) child.stdout.destroy();
    });
    const { code, stderr } = await outcome(child);
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
  });
});
