/** Rates by step: Keras's, the reference's, and what a description of a schedule may be. */
import { describe, expect, test } from "vitest";
import { dense } from "../../src/layers/public.ts";
import { type CompileOptions, checkCompile } from "../../src/model/compile.ts";
import { checkLayers } from "../../src/model/stack.ts";
import { OPTIMIZERS, type OptimizerConfig } from "../../src/optimizers/index.ts";
import { type LearningRateSchedule, rateAt, SCHEDULES } from "../../src/optimizers/schedules.ts";
import { golden } from "../fixtures/goldens.ts";
import { expectClose } from "../reference/closeness.ts";
import { rateOf } from "../reference/schedules.ts";
import { TOLERANCES } from "../tolerances.ts";

const LAYERS = checkLayers([dense({ units: 1, inputShape: [3] })]);

const compiled = (learningRate: unknown, name: OptimizerConfig["name"] = "sgd") =>
  checkCompile({ optimizer: { name, learningRate } as OptimizerConfig, loss: "meanSquaredError" }, LAYERS)
    .optimizer.learningRate as LearningRateSchedule;

const initialLearningRate = 0.1;

/** By the names of the golden's tensors. */
const KERAS: Record<string, LearningRateSchedule> = {
  exponential: { schedule: "exponentialDecay", initialLearningRate, decaySteps: 10, decayRate: 0.5 },
  exponential_stairs: {
    schedule: "exponentialDecay",
    initialLearningRate,
    decaySteps: 7,
    decayRate: 0.9,
    staircase: true,
  },
  piecewise: {
    schedule: "piecewiseConstantDecay",
    boundaries: [5, 20, 40],
    values: [0.1, 0.05, 0.2, 0.01],
  },
  polynomial: { schedule: "polynomialDecay", initialLearningRate, decaySteps: 25 },
  polynomial_power: {
    schedule: "polynomialDecay",
    initialLearningRate,
    decaySteps: 25,
    endLearningRate: 0.01,
    power: 2.5,
  },
  polynomial_cycle: {
    schedule: "polynomialDecay",
    initialLearningRate,
    decaySteps: 13,
    endLearningRate: 0.01,
    power: 0.5,
    cycle: true,
  },
  inverse_time: { schedule: "inverseTimeDecay", initialLearningRate, decaySteps: 10, decayRate: 0.5 },
  inverse_time_stairs: {
    schedule: "inverseTimeDecay",
    initialLearningRate,
    decaySteps: 10,
    decayRate: 0.5,
    staircase: true,
  },
  cosine: { schedule: "cosineDecay", initialLearningRate, decaySteps: 30 },
  cosine_alpha: { schedule: "cosineDecay", initialLearningRate, decaySteps: 70, alpha: 0.1 },
  cosine_warmup: {
    schedule: "cosineDecay",
    initialLearningRate: 0,
    decaySteps: 30,
    alpha: 0.05,
    warmupTarget: 0.2,
    warmupSteps: 9,
  },
  restarts: { schedule: "cosineDecayRestarts", initialLearningRate, firstDecaySteps: 8 },
  restarts_even: {
    schedule: "cosineDecayRestarts",
    initialLearningRate,
    firstDecaySteps: 11,
    tMul: 1,
    mMul: 0.8,
    alpha: 0.02,
  },
  restarts_mul: {
    schedule: "cosineDecayRestarts",
    initialLearningRate,
    firstDecaySteps: 7,
    tMul: 1.5,
    mMul: 0.7,
    alpha: 0.1,
  },
};

const STEPS = 60;
const iterations = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

test("every schedule is compared with Keras's", () => {
  expect(new Set(Object.values(KERAS).map(({ schedule }) => schedule))).toEqual(
    new Set(Object.keys(SCHEDULES)),
  );
});

describe.each(Object.entries(KERAS))("%s", (name, schedule) => {
  const complete = compiled(schedule);

  test(`has Keras's rate at each of ${STEPS} steps`, () => {
    const found = iterations(STEPS).map((i) => rateAt(complete, i));
    expectClose(found, golden("schedules").tensor(name), TOLERANCES.kerasSchedule, name);
  });

  test("has the reference's rate at each of 3000 steps", () => {
    const found = iterations(3000).map((i) => rateAt(complete, i));
    const expected = iterations(3000).map((i) => rateOf(schedule, i));
    expectClose(found, expected, TOLERANCES.scheduleRates, name);
  });

  test("checks to itself, in every optimiser, so that a file can hold it", () => {
    const text = JSON.parse(JSON.stringify(complete));
    for (const optimizer of Object.keys(OPTIMIZERS) as OptimizerConfig["name"][]) {
      expect(compiled(text, optimizer)).toEqual(complete);
    }
  });
});

test("what is left out is Keras's", () => {
  const polynomial = { schedule: "polynomialDecay", initialLearningRate: 1, decaySteps: 2 } as const;
  expect(compiled(polynomial)).toEqual({ ...polynomial, endLearningRate: 1e-4, power: 1, cycle: false });
  const cosine = { schedule: "cosineDecay", initialLearningRate: 1, decaySteps: 2 } as const;
  expect(compiled(cosine)).toEqual({ ...cosine, alpha: 0, warmupSteps: 0 });
  const restarts = { schedule: "cosineDecayRestarts", initialLearningRate: 1, firstDecaySteps: 2 } as const;
  expect(compiled(restarts)).toEqual({ ...restarts, tMul: 2, mMul: 1, alpha: 0 });
});

test("restarts begin at whole steps, where logarithms would miss them", () => {
  const restarts = compiled({
    schedule: "cosineDecayRestarts",
    initialLearningRate: 1,
    firstDecaySteps: 10,
    tMul: 3,
  });
  for (const start of [0, 10, 40, 130, 400, 1210, 3640]) {
    expect(rateAt(restarts, start + 1), `after ${start} steps`).toBe(1);
    if (start > 0) expect(rateAt(restarts, start)).toBeLessThan(0.03);
  }
});

const EXPONENTIAL = KERAS.exponential!;
test.each<{ given: unknown; says: string }>([
  { given: { schedule: "expDecay" }, says: '"expDecay"' },
  { given: { schedule: "CosineDecay" }, says: "did you mean cosineDecay" },
  { given: {}, says: "learningRate" },
  { given: [0.1], says: "learningRate" },
  { given: { ...EXPONENTIAL, decaySteps: 0 }, says: "decaySteps" },
  { given: { ...EXPONENTIAL, decayRate: -1 }, says: "decayRate" },
  { given: { ...EXPONENTIAL, initialLearningRate: 0 }, says: "initialLearningRate" },
  { given: { ...EXPONENTIAL, stairs: true }, says: '"stairs"' },
  { given: { schedule: "exponentialDecay", decaySteps: 1, decayRate: 1 }, says: "initialLearningRate" },
  { given: { ...KERAS.piecewise, values: [0.1] }, says: "values has 1 entries" },
  { given: { ...KERAS.piecewise, boundaries: [5, 5, 6] }, says: "boundaries" },
  { given: { ...KERAS.piecewise, boundaries: [] }, says: "boundaries" },
  { given: { ...KERAS.piecewise, values: [0.1, 0.1, 0.1, -1] }, says: "values" },
  { given: { ...KERAS.cosine, warmupSteps: 3 }, says: "warmupTarget" },
  { given: { ...KERAS.cosine, alpha: 2 }, says: "alpha" },
  { given: { ...KERAS.restarts, tMul: 0.5 }, says: "tMul" },
  { given: { ...KERAS.restarts, mMul: -1 }, says: "mMul" },
  { given: { ...KERAS.polynomial, power: -1 }, says: "power" },
])("$given is refused with BAD_ARGUMENT, and says $says", ({ given, says }) => {
  expect(() => compiled(given)).toThrow(/^BAD_ARGUMENT/);
  expect(() => compiled(given)).toThrow(says);
});

test("a rate that is a number is described as it was before there were schedules", () => {
  const { optimizer } = checkCompile(
    { optimizer: { name: "adam", learningRate: 0.01 }, loss: "meanSquaredError" } as CompileOptions,
    LAYERS,
  );
  expect(JSON.stringify(optimizer)).toBe(
    '{"name":"adam","learningRate":0.01,"beta1":0.9,"beta2":0.999,"epsilon":1e-7}',
  );
});
