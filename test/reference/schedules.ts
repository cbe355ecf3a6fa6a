import type { LearningRateSchedule } from "../../src/optimizers/schedules.ts";

/** The rate of step `step`, from 1: Keras's formulas as its classes have them, restarts by logarithms. */
export function rateOf(rate: number | LearningRateSchedule, step: number): number {
  if (typeof rate === "number") return rate;
  const t = step - 1;
  const stairs = (length: number, staircase = false) => (staircase ? Math.floor(t / length) : t / length);
  switch (rate.schedule) {
    case "exponentialDecay":
      return rate.initialLearningRate * rate.decayRate ** stairs(rate.decaySteps, rate.staircase);
    case "inverseTimeDecay":
      return rate.initialLearningRate / (1 + rate.decayRate * stairs(rate.decaySteps, rate.staircase));
    case "piecewiseConstantDecay":
      return rate.values[rate.boundaries.filter((boundary) => t > boundary).length]!;
    case "polynomialDecay": {
      const { initialLearningRate, decaySteps, endLearningRate: end = 1e-4, power = 1, cycle } = rate;
      const length = cycle && t > 0 ? decaySteps * Math.ceil(t / decaySteps) : decaySteps;
      return (initialLearningRate - end) * (1 - Math.min(t, length) / length) ** power + end;
    }
    case "cosineDecay": {
      const { initialLearningRate, decaySteps, alpha = 0, warmupTarget, warmupSteps = 0 } = rate;
      if (warmupTarget === undefined) return initialLearningRate * cosine(Math.min(t / decaySteps, 1), alpha);
      if (t < warmupSteps) {
        return ((warmupTarget - initialLearningRate) * t) / warmupSteps + initialLearningRate;
      }
      return warmupTarget * cosine(Math.min((t - warmupSteps) / decaySteps, 1), alpha);
    }
    case "cosineDecayRestarts": {
      const { initialLearningRate, firstDecaySteps, tMul = 2, mMul = 1, alpha = 0 } = rate;
      const done = t / firstDecaySteps;
      // The logarithm of a whole power of tMul may end a little below it.
      const restart =
        tMul === 1 ? Math.floor(done) : Math.floor(Math.log(1 - done * (1 - tMul)) / Math.log(tMul) + 1e-12);
      const begun = tMul === 1 ? restart : (1 - tMul ** restart) / (1 - tMul);
      return initialLearningRate * cosine((done - begun) / tMul ** restart, alpha, mMul ** restart);
    }
  }
}

const cosine = (x: number, alpha: number, height = 1) =>
  (1 - alpha) * 0.5 * height * (1 + Math.cos(Math.PI * x)) + alpha;
