import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ranked, survivors } from "../../../src/cli/sweep/halving.ts";
import { goalOf, metricNames, metricsOf } from "../../../src/cli/sweep/measures.ts";
import { checkedPlan, checkFlags, rungsOf } from "../../../src/cli/sweep/plan.ts";
import { failureFrom } from "../../../src/cli/sweep/queue-executor.ts";
import { checkVersion } from "../../../src/cli/sweep/queue-server.ts";
import { commandLine, trainArguments, trialsOf } from "../../../src/cli/sweep/trials.ts";
import { foldParts } from "../../../src/data/folds.ts";
import { LstmkitError } from "../../../src/errors.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof LstmkitError) return error.message;
    throw error;
  }
  return "nothing was thrown";
};

const HALVING = { flags: { epochs: 9, "validation-freq": 1 }, parameters: { lr: [0.1, 0.2] }, halving: true };

test.each<[string, unknown, RegExp]>([
  ["no object", [], /the plan is .*; wanted a JSON object/],
  ["an unknown field", { parameter: {} }, /"parameter": did you mean parameters\?/],
  ["an unknown task", { flags: { task: "clasify" } }, /flags\.task is "clasify"; wanted classify/],
  ["a flag that is no value", { flags: { epochs: [1] } }, /flags\.epochs is \[1\]; wanted a text/],
  ["an empty grid", { parameters: { lr: [] } }, /parameters\.lr is an empty list/],
  ["a value twice", { parameters: { lr: [0.1, "0.1"] } }, /parameters\.lr has "0\.1" twice/],
  ["a range that is none", { parameters: { lr: { min: 1, max: 1 } } }, /from 1 to 1; wanted two numbers/],
  [
    "a log range from 0",
    { parameters: { lr: { min: 0, max: 1, scale: "log" } } },
    /above 0 for the scale "log"/,
  ],
  [
    "a range with a misspelt field",
    { parameters: { lr: { min: 0, max: 1, stepp: 1 } } },
    /did you mean step\?/,
  ],
  ["a range without a step in a grid", { parameters: { lr: { min: 0, max: 1 } } }, /a range without a step/],
  ["random without trials", { method: "random", parameters: { lr: [1] } }, /without "trials"/],
  ["trials of a grid", { trials: 3, parameters: { lr: [1] } }, /"trials" is for the method "random"/],
  ["a flag in both", { flags: { lr: 1 }, parameters: { lr: [1] } }, /"lr" is in flags and in parameters/],
  ["a flag of the sweep's own", { flags: { out: "x" } }, /the plan gives --out to its trials/],
  ["two seeds", { flags: { seed: 1 }, seeds: 3 }, /--seed is given, and "seeds" are/],
  ["folds of a forecaster", { flags: { task: "forecast" }, folds: 3 }, /the task is forecast: a forecaster/],
  ["one fold", { folds: 1 }, /folds is 1; wanted a whole number from 2/],
  ["series of texts", { eachSeries: true }, /"eachSeries" is for the tasks forecast and detect/],
  ["an objective that nobody tells", { objective: "valLos" }, /"valLos": did you mean valLoss\?/],
  ["halving without epochs", { ...HALVING, flags: {} }, /without flags\.epochs/],
  [
    "halving by what comes at the end",
    { ...HALVING, objective: "test.loss" },
    /compares trials after an epoch/,
  ],
  [
    "halving without validation",
    { ...HALVING, flags: { epochs: 9, "validation-freq": 3 } },
    /validation-freq is 3; wanted 1/,
  ],
  [
    "halving with several validations",
    { ...HALVING, flags: { epochs: 9 }, parameters: { "validation-freq": [1, 2] } },
    /validation-freq is \[1, 2\]; wanted 1/,
  ],
  [
    "halving of a forecaster",
    { ...HALVING, flags: { task: "forecast", epochs: 9 }, objective: "validation.mse" },
    /is not there for the task forecast/,
  ],
])("a plan with %s is refused", (_, plan, message) => {
  const found = codeOf(() => checkedPlan(plan));
  expect(found).toMatch(/^BAD_PLAN: /);
  expect(found).toMatch(message);
});

test("halving by validation validates after every epoch, where the plan says nothing of it", () => {
  const given = { ...HALVING, flags: { epochs: 9 } };
  expect(checkedPlan(given).flags).toEqual({ epochs: 9, "validation-freq": 1 });
  expect(checkedPlan({ ...given, parameters: { "validation-freq": [1], lr: [1] } }).flags).toEqual({
    epochs: 9,
  });
  expect(checkedPlan({ ...given, halving: false }).flags).toEqual({ epochs: 9 });
  expect(checkedPlan({ ...given, objective: "loss" }).flags).toEqual({ epochs: 9 });
});

test("the plan of the documentation makes trials that train", async () => {
  const documentation = await readFile(new URL("../../../docs/scale.md", import.meta.url), "utf8");
  const plans = [...documentation.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) =>
    checkedPlan(JSON.parse(text!)),
  );
  expect(plans).toHaveLength(1);
  for (const plan of plans) {
    const trials = trialsOf(plan, null);
    expect(trials).toHaveLength(60);
    for (const trial of trials) await checkFlags(plan.task, trainArguments(plan, trial));
  }
});

test("a grid of more trials than anybody meant is refused before it is made", () => {
  const values = Array.from({ length: 1000 }, (_, i) => i + 1);
  const plan = checkedPlan({ parameters: { lr: values, units: values, batch: values }, seeds: 3 });
  expect(codeOf(() => trialsOf(plan, null))).toMatch(
    /^BAD_PLAN: the plan makes 3000000000 trials; wanted 10000 at most/,
  );
});

test("flags are tried on the command before anything is trained", async () => {
  const refused = (task: "none" | "classify", ...argv: string[]) =>
    checkFlags(task, argv).then(
      () => "nothing was thrown",
      (error: unknown) => (error as Error).message,
    );
  expect(await refused("none", "spam", "--lrr=1")).toMatch(
    /^BAD_PLAN: a trial would be refused: unknown flag --lrr/,
  );
  expect(await refused("none", "spam", "--lr=fast")).toMatch(/--lr is "fast"; wanted a number above 0/);
  expect(await refused("classify", "--units=1.5")).toMatch(/--units is "1.5"; wanted a whole number/);
  expect(await refused("none", "spam", "--lr=0.1")).toBe("nothing was thrown");
});

test("a grid is every combination, each with every seed and fold", () => {
  const plan = checkedPlan({
    data: "a b.csv",
    flags: { "no-header": true, json5: false },
    parameters: { lr: { min: 0.1, max: 0.3, step: 0.1 }, units: ["4", "4,4"] },
    seeds: [3, 5],
    folds: 2,
  });
  const trials = trialsOf(plan, null);
  expect(trials).toHaveLength(3 * 2 * 2 * 2);
  expect(new Set(trials.map((trial) => trainArguments(plan, trial).join(" "))).size).toBe(24);
  expect(trials.map(({ configuration }) => configuration.parameters.lr)).toContain(0.3);
  expect(commandLine(plan, trials.at(-1)!)).toBe(
    "lstmkit train 'a b.csv' --no-header --lr=0.3 --units=4,4 --seed=5 --kfold=2/2 --kfold-seed=113",
  );
});

test("a random search draws the same of the same seed, nothing twice, and within its ranges", () => {
  const given = {
    method: "random",
    trials: 40,
    parameters: {
      lr: { min: 1e-4, max: 1e-1, scale: "log" },
      units: { min: 8, max: 64, step: 8 },
      cell: ["lstm", "rnn"],
    },
  };
  const draw = (seed: number) =>
    trialsOf(checkedPlan({ ...given, seed }), null).map((one) => one.configuration.parameters);
  const found = draw(1);
  expect(draw(1)).toEqual(found);
  expect(draw(2)).not.toEqual(found);
  expect(new Set(found.map((one) => JSON.stringify(one))).size).toBe(40);
  for (const { lr, units } of found as { lr: number; units: number }[]) {
    expect(lr).toBeGreaterThanOrEqual(1e-4);
    expect(lr).toBeLessThanOrEqual(1e-1);
    expect(units % 8).toBe(0);
  }
  // Of the scale log as many below 0.00316 as above.
  expect(Math.abs(found.filter(({ lr }) => (lr as number) < 10 ** -2.5).length - 20)).toBeLessThan(12);
  const few = checkedPlan({ method: "random", trials: 5, parameters: { cell: ["lstm", "rnn"] } });
  expect(codeOf(() => trialsOf(few, null))).toMatch(/^BAD_PLAN: "trials" are 5, and 2 different/);
});

test("halving keeps one of `factor`, the same whatever came first", () => {
  expect(rungsOf({ factor: 3, least: 1 }, 9)).toEqual([1, 3, 9]);
  expect(rungsOf({ factor: 2, least: 3 }, 10)).toEqual([3, 6, 10]);
  const scores = [0.5, 0.2, Number.NaN, 0.2, undefined, 0.9, 0.1].map((score, i) => ({
    number: i + 1,
    score,
  }));
  expect(ranked(scores, "minimize").map(({ number }) => number)).toEqual([7, 2, 4, 1, 6, 3, 5]);
  expect(survivors(scores, 3, "minimize")).toEqual([7, 2, 4]);
  expect(survivors(scores.toReversed(), 3, "minimize")).toEqual([7, 2, 4]);
  expect(survivors(scores, 3, "maximize")).toEqual([6, 1, 2]);
  expect(survivors([{ number: 1, score: undefined }], 3, "minimize")).toEqual([]);
});

test("a trial is judged by what it told: of the last epoch, or of the best", () => {
  const epochs = { 1: { valLoss: 3, isBest: 1 }, 2: { valLoss: 1, isBest: 1 }, 3: { valLoss: 2 } };
  expect(metricsOf("none", epochs, 3, [])).toEqual({ valLoss: 2 });
  expect(metricsOf("classify", epochs, 3, [{ event: "done", test: { loss: 7 } }])).toEqual({
    valLoss: 1,
    "test.loss": 7,
  });
  expect(metricsOf("classify", epochs, 1, [])).toEqual({ valLoss: 3 });
  expect(metricsOf("none", {}, 0, [{ event: "evaluate", split: "test", loss: 5 }])).toEqual({
    "test.loss": 5,
  });
  expect(metricNames("forecast")).toContain("validation.mse");
  expect(["valLoss", "test.accuracy", "test.macroF1"].map(goalOf)).toEqual([
    "minimize",
    "maximize",
    "maximize",
  ]);
});

test("each sample is held out once, groups stay together, and each fold has its share of each class", () => {
  const groups = Array.from({ length: 200 }, (_, i) => `g${i % 150}`);
  const classes = groups.map((_, i) => ((i % 150) % 5 === 0 ? "rare" : "common"));
  const held = new Array<number>(200).fill(0);
  for (let fold = 1; fold <= 7; fold++) {
    const { train, test } = foldParts(groups, classes, { fold, of: 7, seed: 4 });
    expect([...train, ...test].sort((a, b) => a - b)).toEqual(groups.map((_, i) => i));
    const others = new Set(train.map((i) => groups[i]));
    for (const i of test) {
      held[i]!++;
      expect(others.has(groups[i]!)).toBe(false);
    }
    expect(Math.abs(test.filter((i) => classes[i] === "rare").length - 40 / 7)).toBeLessThan(2);
    expect(Math.abs(test.length - 200 / 7)).toBeLessThan(4);
  }
  expect(held.every((times) => times === 1)).toBe(true);
  expect(foldParts(groups, classes, { fold: 1, of: 7, seed: 5 }).test).not.toEqual(
    foldParts(groups, classes, { fold: 1, of: 7, seed: 4 }).test,
  );
  expect(codeOf(() => foldParts(["a", "a", "b"], [0, 0, 1], { fold: 1, of: 3, seed: 0 }))).toMatch(
    /^BAD_DATASET: 3 samples, 2 of them different/,
  );
});

test("a server that is too old is refused, Valkey and newer ones are not", () => {
  const refused = (info: string) => codeOf(() => checkVersion("host:1", info));
  expect(refused("redis_version:5.0.14\r\n")).toMatch(
    /^QUEUE_REFUSED: the server at host:1 is Redis 5\.0\.14; wanted Redis 6\.2/,
  );
  expect(refused("redis_version:6.0.16\r\n")).toMatch(/^QUEUE_REFUSED/);
  expect(refused("nothing")).toMatch(/^QUEUE_REFUSED.*of an unknown version/);
  expect(refused("redis_version:6.2.0\r\n")).toBe("nothing was thrown");
  expect(refused("redis_version:7.0.15\r\n")).toBe("nothing was thrown");
  expect(refused("redis_version:7.2.4\r\nvalkey_version:8.1.0\r\n")).toBe("nothing was thrown");
});

test("what a worker threw comes back with its code", () => {
  expect(failureFrom("BAD_CSV: line 3 is odd: x")).toEqual({ code: "BAD_CSV", message: "line 3 is odd: x" });
  expect(failureFrom("job stalled more than allowable limit").code).toBe("WORKER_DIED");
  expect(failureFrom("boom").code).toBe("UNEXPECTED");
});
