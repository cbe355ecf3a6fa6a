/** Classes on the command line: from a folder or a file to answers, and what is said where that cannot be. */
import { mkdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sequencesFromCsv } from "../../src/data/index.ts";
import { createRuntime } from "../../src/node.ts";
import { classifier, loadClassifier } from "../../src/tasks/index.ts";
import { activity, chance, labelled, notes, tagged } from "../tasks/classify/problems.ts";
import { events, Workplace } from "./command-line.ts";

const SMALL = [
  "--units",
  "8",
  "--embedding",
  "8",
  "--lr",
  "0.03",
  "--epochs",
  "12",
  "--dropout",
  "0",
  "--scaling",
  "features",
];

let place: Workplace;
const train = (...args: string[]) => place.run(["train", ...args, "--task", "classify", ...SMALL]);

/** Waves of three paces, a file each. */
function writeSensors(): void {
  const next = chance(7);
  for (const [name, pace] of Object.entries({ walk: 9, run: 4, stand: 30 })) {
    mkdirSync(place.path(`sensors/${name}`), { recursive: true });
    for (let i = 0; i < 12; i++) {
      const rows = Array.from({ length: 20 + Math.floor(next() * 20) }, (_, t) => {
        const wave = (((t + i) % pace) / pace - 0.5) * (name === "stand" ? 0.1 : 2);
        return `${t * 20},${(wave + next() * 0.2).toFixed(3)},${(9.8 + next()).toFixed(3)}`;
      });
      place.write(`sensors/${name}/${i}.csv`, `time,ax,az\n${rows.join("\n")}\n`);
    }
  }
  place.write("sensors/README.md", "what is here");
}

const csvOf = ({ sequences, targets }: ReturnType<typeof notes>) => {
  const of = Array.from(targets as (string | string[])[]);
  const rows = Array.from(sequences as string[], (text, i) => `${text},${[of[i]!].flat().join("|")}`);
  return `note,topic\n${rows.join("\n")}\n`;
};

beforeAll(async () => {
  place = new Workplace();
  writeSensors();
  place.write("notes.csv", csvOf(notes(120)));
  place.write("many.csv", csvOf(labelled(120)));
});
afterAll(() => place.dispose());

describe("a folder with a folder for each class", () => {
  test("goes from files to an answer with two commands", async () => {
    const { code, stdout, stderr } = await train(
      "sensors",
      "--report",
      "report.html",
      "--out",
      "sensors.safetensors",
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'sensors: 1 other file is left out: "README.md".\n',
    });
    expect(stdout).toMatch(
      /sensors: sequences of numbers, a class each; train \d+, validation \d+, test \d+/,
    );
    expect(stdout).toMatch(/^class +precision +recall +f1 +rows$/m);
    expect(stdout).toMatch(/Test part: accuracy \d\.\d{4} \(always \w+: 0\.\d{4}\)/);
    expect(stdout).toContain("Go on: lstmkit predict sensors.safetensors new.csv");
    expect(readFileSync(place.path("report.html"), "utf8")).toContain("<h2>Confusion</h2>");

    place.write("new.csv", readFileSync(place.path("sensors/stand/3.csv")));
    const answer = await place.run(["predict", "sensors.safetensors", "new.csv"]);
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    expect(answer.stdout).toMatch(/^[01]\.\d{4}\tstand\tnew\.csv\n$/);
    const piped = await place.run(
      ["predict", "sensors.safetensors", "-", "--json"],
      readFileSync(place.path("new.csv")),
    );
    expect(events(piped.stdout)).toEqual([
      { event: "predict", place: "input.csv", label: "stand", probability: expect.any(Number) },
    ]);
    const folder = await place.run(["predict", "sensors.safetensors", "sensors/run", "--top", "2"]);
    expect(folder.stdout.trimEnd().split("\n")).toHaveLength(12);
    expect(folder.stdout).toMatch(/^[01]\.\d{4}\t\w+\t[01]\.\d{4}\t\w+\t0\.csv$/m);
  });

  test("is evaluated as it was learnt, and as a file", async () => {
    const { code, stdout } = await place.run([
      "evaluate",
      "sensors.safetensors",
      "sensors",
      "--report",
      "r.csv",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sensors: accuracy \d\.\d{4} .*; 36 sequences$/m);
    const rows = readFileSync(place.path("r.csv"), "utf8").trimEnd().split("\n");
    expect(rows[0]).toBe("class,rows,answered,precision,recall,f1,answered run,answered stand,answered walk");
    expect(rows[1]).toMatch(/^run,12,/);
  });
});

describe("a CSV file of texts", () => {
  test("has the same bits from the terminal and from a program", async () => {
    const { stdout } = await train("notes.csv", "--json", "--out", "notes.safetensors");
    const done = events(stdout).at(-1)!;
    expect(done).toMatchObject({
      event: "done",
      classes: ["bug", "praise", "question"],
      test: { labels: "one" },
    });
    const kit = await createRuntime();
    const made = classifier(kit, {
      units: 8,
      embedding: 8,
      learningRate: 0.03,
      epochs: 12,
      dropout: 0,
      scaling: "features",
    });
    await made.fit(sequencesFromCsv(csvOf(notes(120))));
    expect(await made.digest()).toBe(done.digest);
    const loaded = await loadClassifier(kit, readFileSync(place.path("notes.safetensors")));
    expect(await loaded.digest()).toBe(done.digest);
    await kit.close();
  });

  test("answers a text, lines of the input, a file", async () => {
    const one = await place.run(["predict", "notes.safetensors", "the app crash page"]);
    expect(one.stdout).toMatch(/^[01]\.\d{4}\tbug\tthe app crash page\n$/);
    const lines = await place.run(["predict", "notes.safetensors"], "thanks\nwhere\n");
    expect(lines.stdout.trimEnd().split("\n")).toHaveLength(2);
    const file = await place.run(["predict", "notes.safetensors", "notes.csv"]);
    expect(file.stdout.trimEnd().split("\n")).toHaveLength(120);
  });

  test("is evaluated by names, which others may stand for", async () => {
    place.write("other.csv", "note,topic\nthe app crash,BUG\nlove it,fine\n");
    const refused = await place.run(["evaluate", "notes.safetensors", "other.csv"]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(
      /^lstmkit: BAD_LABEL: line 3 is of the class "fine".*--classes "fine=bug"[^\n]*\n$/,
    );
    const { stdout } = await place.run([
      "evaluate",
      "notes.safetensors",
      "other.csv",
      "--classes",
      "fine=praise",
    ]);
    expect(stdout).toMatch(/; 2 sequences$/m);
  });

  test("may have several labels", async () => {
    await train("many.csv", "--labels", "many", "--out", "many.safetensors");
    const { stdout } = await place.run(["predict", "many.safetensors", "crash love", "--json"]);
    expect(events(stdout)[0]).toMatchObject({ labels: expect.arrayContaining(["bug", "praise"]) });
  });
});

test("tags of tokens and of numbers", async () => {
  const { sequences, targets } = tagged(60);
  const lines = Array.from(sequences as string[][], (tokens, i) =>
    tokens.map((token, t) => `${token}\t${(targets![i] as string[])[t]}\n`).join(""),
  );
  place.write("it.conll", lines.join("\n"));
  expect((await train("it.conll", "--labels", "steps")).code).toBe(0);
  const { stdout } = await place.run(["predict", "model.safetensors", "see it the it"]);
  expect(stdout).toBe("see/VERB it/NOUN the/DET it/PRON\n");
  const moves = activity(30);
  const rows = Array.from(moves.sequences as number[][], (values, s) =>
    values
      .map(
        (value, t) => `${s};${t};${String(value).replace(".", ",")};${(moves.targets![s] as string[])[t]}\n`,
      )
      .join(""),
  );
  place.write("act.csv", `run;t;g;activity\n${rows.join("")}`);
  expect(
    (await train("act.csv", "--id", "run", "--labels", "steps", "--class-weight", "balanced", "--calibrate"))
      .code,
  ).toBe(0);
  const answers = await place.run(["predict", "model.safetensors", "act.csv"]);
  expect(answers.stdout).toMatch(/^[01]\.\d{4}\t(move|rest)\trun 0, step 1$/m);
});

test("a pair of the archive: the test part is the file beside it", async () => {
  const cases = (n: number) =>
    Array.from(
      { length: n },
      (_, i) =>
        `${Array.from({ length: 6 + (i % 3) }, (_, t) => (i % 2 ? t : 9 - t) + (i % 5) / 10).join(",")}:${i % 2 ? "up" : "down"}\n`,
    ).join("");
  const head = "@problemName W\n@timeStamps false\n@univariate true\n@classLabel true down up\n@data\n";
  place.write("W_TRAIN.ts", head + cases(40));
  place.write("W_TEST.ts", head + cases(17));
  const { stdout, stderr } = await train("W_TRAIN.ts");
  expect(stderr).toContain("The test part is W_TEST.ts.\n");
  expect(stderr).toContain("17 of 17 sequences of the test part are in the training part");
  expect(stdout).toMatch(/; 17 sequences$/m);
});

test("without data it reads digits, and so does the demo", async () => {
  const { code, stdout } = await place.run([
    "train",
    "--task",
    "classify",
    "--units",
    "8",
    "--epochs",
    "1",
    "--scaling",
    "all",
    "--json",
  ]);
  expect(code).toBe(0);
  expect(events(stdout)[0]).toMatchObject({
    event: "start",
    dataset: "digits",
    parts: { test: { sequences: 600 } },
  });
});

describe("what cannot be is refused with one line, and nothing is written", () => {
  const files: Record<string, string> = {
    "empty.csv": "",
    "one.csv": "text,label\na b,x\nc d,x\n",
    "single.csv": "text,label\na b,x\n",
    "value.csv": "v,label\n1.5,a\n2.5,b\n3.5,a\n4.5,b\n",
    "plain.txt": "hello\n",
  };
  beforeAll(() => {
    for (const [name, content] of Object.entries(files)) place.write(name, content);
    mkdirSync(place.path("nothing"));
  });

  test.each([
    [["missing.csv"], 1, "FILE_NOT_FOUND"],
    [["empty.csv"], 1, "BAD_CSV: the file is empty"],
    [["one.csv"], 1, 'BAD_LABEL: all 2 sequences are "x"'],
    [["single.csv"], 1, "BAD_DATASET: there is one sequence"],
    [["value.csv"], 1, "BAD_CSV: one number a row"],
    [["plain.txt"], 1, "BAD_CSV: line 1"],
    [["nothing"], 1, "BAD_DATASET: the folder is empty"],
    [["notes.csv", "--label", "tpic"], 1, 'none of which is "tpic" (did you mean topic?)'],
    [["notes.csv", "--labels", "few"], 2, "--labels"],
    [["notes.csv", "--report", "r.pdf"], 2, "--report"],
    [["notes.csv", "--class-weight", "bug"], 2, "--class-weight"],
    [["notes.csv", "--class-weight", "bag=2"], 1, 'classWeight names "bag"'],
    [["--test", "notes.csv"], 2, "--test"],
  ])("%j", async (args, wanted, message) => {
    const { code, stdout, stderr } = await place.run([
      "train",
      ...args,
      "--task",
      "classify",
      "--epochs",
      "1",
      "--out",
      "no.safetensors",
    ]);
    expect({ code, stdout }).toEqual({ code: wanted, stdout: "" });
    expect(stderr).toMatch(/^lstmkit: [^\n]*\n(Try lstmkit train --help\.\n)?$/);
    expect(stderr).toContain(message);
    expect(() => readFileSync(place.path("no.safetensors"))).toThrow("ENOENT");
  });

  test("flags of sequences, where the model has none; data of another kind", async () => {
    const numbers = await place.run(["predict", "sensors.safetensors", "hello"]);
    expect(numbers).toMatchObject({ code: 2, stderr: expect.stringContaining("the model reads numbers") });
    const inspected = await place.run(["inspect", "notes.safetensors", "a text"]);
    expect(inspected).toMatchObject({ code: 1, stderr: expect.stringContaining("of the task classify") });
    const features = await place.run(["predict", "sensors.safetensors", "act.csv", "--id", "run"]);
    expect(features).toMatchObject({ code: 1, stderr: expect.stringContaining("BAD_CSV") });
  });
});
