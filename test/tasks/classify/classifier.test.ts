/** A classifier as its user has it: learn, answer, measure, save, load; the same everywhere. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitsFromBytes, type LooseSequenceSet, sequenceSet } from "../../../src/data/index.ts";
import { createRuntime, type Runtime, spawnRuntime } from "../../../src/node.ts";
import {
  type ClassifyReport,
  classifier,
  loadClassifier,
  readTask,
  type SequenceClassifier,
} from "../../../src/tasks/index.ts";
import { codedError } from "../../data/coded-error.ts";
import { activity, labelled, notes, swings, tagged } from "./problems.ts";

const SMALL = {
  units: 16,
  epochs: 25,
  learningRate: 0.02,
  dropout: 0.1,
  recurrentDropout: 0,
  embedding: 8,
  seed: 3,
};

let kit: Runtime;
beforeAll(async () => {
  kit = await createRuntime();
});
afterAll(() => kit.close());

const part = (set: LooseSequenceSet, from: number, to?: number): LooseSequenceSet => ({
  ...set,
  sequences: Array.from(set.sequences).slice(from, to) as never,
  ...(set.targets && { targets: Array.from(set.targets).slice(from, to) as never }),
});

describe("numbers of many lengths", () => {
  const DATA = swings(150);
  let made: SequenceClassifier;
  let report: ClassifyReport;
  let bytes: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    made = classifier(kit, SMALL);
    report = await made.fit(DATA);
    bytes = await made.save();
  });

  test("are told apart, on a test part of each class", () => {
    expect(report.classes).toEqual(["quick", "slow", "steady"]);
    expect(report.test!.accuracy).toBeGreaterThan(0.9);
    expect(report.test!.baselines[0]!.accuracy).toBeLessThan(0.4);
    expect(report.parts.test).toMatchObject({ sequences: 30, classes: [10, 10, 10] });
    const { train, validation, test: apart } = report.parts;
    expect(train.sequences + validation!.sequences + apart!.sequences).toBe(150);
  });

  test("a report agrees with itself", () => {
    const { confusion, rows, accuracy, classes, calibration } = report.test!;
    expect(confusion!.flat().reduce((a, b) => a + b)).toBe(rows);
    expect(confusion!.reduce((sum, row, c) => sum + row[c]!, 0) / rows).toBeCloseTo(accuracy, 12);
    for (const [c, { support, precision, right, predicted }] of classes.entries()) {
      expect(confusion![c]!.reduce((a, b) => a + b)).toBe(support);
      expect(precision).toBe(predicted === 0 ? 0 : right / predicted);
    }
    expect(calibration.bins.reduce((sum, { count }) => sum + count, 0)).toBe(rows);
    expect(report.scaling!.tried.map(({ kind }) => kind)).toEqual(["features", "all", "sequence"]);
  });

  test("answers do not depend on what stands beside a sequence", async () => {
    const all = await made.predict(DATA);
    const [one] = await made.predict(part(DATA, 7, 8));
    expect(one).toEqual(all[7]);
    expect(one!.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(one!.labels).toEqual([made.classes[one!.probabilities.indexOf(Math.max(...one!.probabilities))]]);
  });

  test("the test part has no part in scaling or weights", async () => {
    const [train, apart] = [part(DATA, 0, 120), part(DATA, 120)];
    const changed = {
      ...apart,
      sequences: Array.from(apart.sequences as number[][][], (steps) =>
        steps.map((step) => step.map((n) => n * 1e6)),
      ),
    };
    const [a, b] = [classifier(kit, { ...SMALL, epochs: 2 }), classifier(kit, { ...SMALL, epochs: 2 })];
    await a.fit(train, { test: apart });
    await b.fit(train, { test: changed });
    expect(await b.digest()).toBe(await a.digest());
    const scaling = async (one: SequenceClassifier) =>
      (readTask(await kit.load(await one.save())) as unknown as { encoding: unknown }).encoding;
    expect(await scaling(b)).toEqual(await scaling(a));
  });

  test.each([
    { name: "two threads", open: () => createRuntime({ threads: 2 }) },
    { name: "a worker", open: () => spawnRuntime() },
  ])("the same bits from $name: training, file and answers", async ({ open }) => {
    const other = await open();
    const again = classifier(other, SMALL);
    expect(await again.fit(DATA)).toEqual(report);
    expect(await again.save()).toEqual(bytes);
    const loaded = await loadClassifier(other, bytes);
    expect(loaded.report).toEqual(report);
    expect(await loaded.predict(part(DATA, 0, 20))).toEqual(await made.predict(part(DATA, 0, 20)));
    await other.close();
  });

  test("evaluate goes by names, whatever their case; one that is not known is refused", async () => {
    const loaded = await loadClassifier(kit, bytes);
    const some = part(DATA, 0, 30);
    const plain = await loaded.evaluate(some);
    expect(
      await loaded.evaluate({
        ...some,
        targets: Array.from(some.targets as string[], (name) => name.toUpperCase()),
      }),
    ).toEqual(plain);
    const other = { ...some, targets: ["sllow", ...(Array.from(some.targets!) as string[]).slice(1)] };
    await expect(loaded.evaluate(other)).rejects.toThrow(
      codedError("BAD_LABEL", /"sllow".*did you mean slow\?.*--classes/),
    );
    await expect(loaded.evaluate({ ...some, targets: undefined } as never)).rejects.toThrow(
      codedError("BAD_LABEL"),
    );
    await expect(loaded.predict("a text")).rejects.toThrow(
      codedError("BAD_DATASET", /texts; wanted numbers/),
    );
    await expect(loaded.predict({ sequences: [[1, 2, 3]] })).rejects.toThrow(
      codedError("BAD_DATASET", /1 numbers.*wanted 3/),
    );
    await loaded.dispose();
    await expect(loaded.predict(some)).rejects.toThrow(codedError("DISPOSED"));
  });

  test("the file is a plain model as well, quantized too", async () => {
    const model = await kit.load(bytes);
    expect((await model.predict({ data: new Float32Array(6), shape: [1, 2, 3] })).shape).toEqual([1, 3]);
    const small = await loadClassifier(kit, await model.quantize());
    expect((await small.evaluate(DATA)).accuracy).toBeGreaterThan(0.85);
    await model.dispose();
  });

  test("numbers that are missing lie between their neighbours", async () => {
    const full = [
      [0, 0, 0],
      [1, 10, 0],
      [2, 20, 0],
      [3, 30, 1],
    ];
    const gap = Number.NaN;
    const holes = [
      [0, 0, gap],
      [1, gap, 0],
      [gap, gap, 0],
      [3, 30, 1],
    ];
    const [a, b] = await made.predict({ features: ["x", "y", "noise"], sequences: [full, holes] });
    expect(b).toEqual(a);
  });
});

describe("other inputs and labels", () => {
  test("texts; what is not known is counted", async () => {
    const made = classifier(kit, { ...SMALL, calibrate: true });
    const report = await made.fit(notes(160));
    expect(report.test!.accuracy).toBeGreaterThan(0.9);
    const [bug] = await made.predict("The app: CRASH");
    expect(bug!.labels).toEqual(["bug"]);
    const { words } = await made.evaluate({
      input: "text",
      sequences: ["crash zzz", "love"],
      targets: ["bug", "praise"],
    });
    expect(words).toEqual({ read: 3, unknown: 1 });
    expect(await made.predict(["", "zzz"])).toHaveLength(2);
  });

  test("several labels each, and none", async () => {
    const made = classifier(kit, SMALL);
    const report = await made.fit(labelled(200));
    expect(report.test!.labelAccuracy).toBeGreaterThan(0.9);
    expect(report.test!.confusion).toBeUndefined();
    const [both, none] = await made.predict(["crash the love", "the app"]);
    expect([...both!.labels].sort()).toEqual(["bug", "praise"]);
    expect(none!.labels).toEqual([]);
    expect(both!.confidences.every((share) => share >= 0.5)).toBe(true);
    await expect(classifier(kit, { classWeight: "balanced" }).fit(labelled(40))).rejects.toThrow(
      codedError("BAD_ARGUMENT", /several|many/),
    );
  });

  test("tags of tokens, by what stands before them; pieces of long sequences lose none", async () => {
    const made = classifier(kit, { ...SMALL, maxLen: 9 });
    const data = tagged(120);
    const report = await made.fit(data);
    expect(report.test!.accuracy).toBeGreaterThan(0.95);
    const [, usual] = report.test!.baselines;
    expect(usual!.name).toBe("the usual tag of each token");
    expect(usual!.accuracy).toBeLessThan(0.85);
    const answers = await made.predict(data);
    for (const [i, { labels }] of answers.entries())
      expect(labels).toHaveLength((data.sequences[i] as string[]).length);
  });

  test("tags of numbers, with weights of classes", async () => {
    const report = await classifier(kit, { ...SMALL, classWeight: "balanced" }).fit(activity(60));
    expect(report.test!.accuracy).toBeGreaterThan(0.85);
    expect(report.test!.rows).toBe(report.parts.test!.steps);
  });

  test("long series are folded, with all their numbers", async () => {
    const sequences = Array.from({ length: 40 }, (_, i) =>
      Array.from({ length: 260 + i }, (_, t) => (t % (i % 2 ? 7 : 13) < 3 ? 1 : 0)),
    );
    const made = classifier(kit, { ...SMALL, epochs: 10, scaling: "features" });
    const report = await made.fit({ sequences, targets: sequences.map((_, i) => i % 2) });
    expect(report.findings.map(({ code }) => code)).toContain("FOLDED");
    expect(report.test!.accuracy).toBeGreaterThan(0.8);
  });

  test("the digits that ship with the package", async () => {
    const { readFile } = await import("node:fs/promises");
    const { train, test: apart } = digitsFromBytes(
      await readFile(new URL("../../../assets/digits.bin", import.meta.url)),
    );
    expect([train.sequences.length, apart.sequences.length]).toEqual([3400, 600]);
    const made = classifier(kit, { seed: 1, epochs: 3, units: 32, scaling: "all" });
    const report = await made.fit(train, { test: apart });
    expect(report.test!.accuracy).toBeGreaterThan(0.8);
  });
});

describe("parts", () => {
  test("equal sequences stay on one side, and so do groups", async () => {
    const sequences = Array.from({ length: 60 }, (_, i) =>
      Array.from({ length: 5 }, (_, t) => ((i % 20) + t) * (i % 2 ? 1 : -1)),
    );
    const targets = sequences.map((_, i) => i % 2);
    const report = await classifier(kit, { ...SMALL, epochs: 1 }).fit({ sequences, targets });
    // Each of the 20 different ones is there three times.
    for (const one of Object.values(report.parts)) expect(one!.sequences % 3).toBe(0);
    const groups = sequences.map((_, i) => `person ${i % 5}`);
    const grouped = await classifier(kit, { ...SMALL, epochs: 1 }).fit({ sequences, targets, groups });
    expect(grouped.parts.test!.sequences % 12).toBe(0);
  });

  test("sequences of the test part that were trained on are told of", async () => {
    const data = swings(40);
    const { findings } = await classifier(kit, { ...SMALL, epochs: 1 }).fit(data, {
      test: part(data, 0, 10),
    });
    expect(findings).toContainEqual(expect.objectContaining({ code: "OVERLAP", count: 10 }));
  });

  test.each([
    [{ sequences: [], targets: [] }, "BAD_DATASET", /no sequences/],
    [{ sequences: [[1]], targets: ["a"] }, "BAD_DATASET", /one sequence/],
    [{ sequences: [[1], [2], [3]], targets: ["a", "a", "a"] }, "BAD_LABEL", /all 3 sequences are "a"/],
    [{ sequences: [[1], [2]], targets: ["a", "b"] }, "BAD_DATASET", /cannot be parted/],
    [{ sequences: [[1], []], targets: ["a", "b"] }, "BAD_DATASET", /no steps/],
    [{ sequences: [[1], [2]] }, "BAD_LABEL", /no labels/],
    [
      {
        sequences: Array.from({ length: 30 }, (_, i) => [i]),
        targets: Array.from({ length: 30 }, (_, i) => i),
      },
      "BAD_LABEL",
      /30 different classes/,
    ],
  ] as const)("%j is refused with %s", async (data, code, message) => {
    await expect(classifier(kit).fit(data as never)).rejects.toThrow(codedError(code, message));
  });

  test("a class with one member trains, and that is said", async () => {
    const data = swings(30);
    const targets = (Array.from(data.targets!) as string[]).map((name, i) => (i === 4 ? "lone" : name));
    const { findings, parts } = await classifier(kit, { ...SMALL, epochs: 1 }).fit({ ...data, targets });
    expect(parts.train.classes[0]).toBe(1);
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["FEW_OF_CLASS", "NOT_IN_TEST"]));
  });
});

describe("calls", () => {
  test("before fit, beside fit, and after an abort", async () => {
    const made = classifier(kit, { ...SMALL, scaling: "features" });
    expect([made.report, made.reads, made.classes]).toEqual([null, null, []]);
    await expect(made.predict({ sequences: [[1]] })).rejects.toThrow(codedError("NOT_FITTED"));
    await expect(made.save()).rejects.toThrow(codedError("NOT_FITTED"));
    const stop = new AbortController();
    const epochs: number[] = [];
    const fitting = made.fit(swings(60), {
      signal: stop.signal,
      onEpochEnd: (epoch) => {
        epochs.push(epoch);
        if (epoch === 2) stop.abort();
      },
    });
    await expect(made.fit(swings(60))).rejects.toThrow(codedError("BUSY"));
    await expect(fitting).rejects.toThrow(codedError("ABORTED"));
    expect(epochs).toEqual([0, 1, 2]);
    expect(made.report).toMatchObject({ test: null, history: { length: 3 } });
    expect(await made.predict(swings(3))).toHaveLength(3);
  });

  test("another task's file, a plain model's and a damaged record are refused", async () => {
    const plain = await kit.sequential([
      (await import("../../../src/index.ts")).dense({ units: 2, inputShape: [3] } as never),
    ]);
    const bytes = await plain.save();
    await expect(loadClassifier(kit, bytes)).rejects.toThrow(codedError("BAD_MODEL_FILE", /missing/));
    const other = await plain.save({ metadata: { task: JSON.stringify({ task: "generate", version: 1 }) } });
    await expect(loadClassifier(kit, other)).rejects.toThrow(
      codedError("BAD_MODEL_FILE", /generate; wanted classify/),
    );
    expect(() => classifier(kit, { unit: 3 } as never)).toThrow(
      codedError("BAD_ARGUMENT", /did you mean units\?/),
    );
  });

  test("a set may be one that a reader gave, or that a program completed", async () => {
    const made = classifier(kit, { ...SMALL, epochs: 1 });
    const loose = swings(30);
    await made.fit(loose);
    expect(await made.predict(sequenceSet(loose))).toEqual(await made.predict(loose));
  });
});
