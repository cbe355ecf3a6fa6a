import type { Tolerance } from "./reference/closeness.ts";

/**
 * How close is close enough, for every comparison in the tests. Errors are relative to the largest element
 * of the expected tensor, but where an entry says "of the learning rate". The float32 unit roundoff is 6e-8.
 */
export const TOLERANCES = {
  // The float64 reference against its own central differences.
  centralDifference: {
    bound: 1e-7,
    reason: "measured 2e-8: at h = 1e-5 rounding and truncation are both near 1e-10 of a loss of size 1",
  },

  // The float64 reference against float64 goldens.
  float64Golden: {
    bound: 2e-12,
    reason: "measured 2.9e-13 of the outputs: values are printed with 13 digits",
  },

  // The float64 reference, or a float32 model, against the float32 goldens of Keras.
  kerasForward: {
    bound: 1e-6,
    reason: "measured 3.9e-7: some ten float32 roundings of a state along the longest sequence",
  },
  kerasGradient: {
    bound: 2e-6,
    reason: "measured 4.9e-7, on tensors whose terms do not cancel; the float32 roundings of both passes",
  },
  kerasLoss: {
    bound: 5e-7,
    reason: "measured 1.2e-7: one float32 logarithm and a mean of nine",
  },
  kerasAdam: {
    bound: 1e-4,
    reason:
      "measured 5.3e-5 of the learning rate after 6 steps: Keras takes 1 - 0.999ᵗ in float32, 6.4e-6 off in " +
      "every step, and rounds weights of size 3 to within 1.2e-5 of a learning rate of 0.01",
  },
  kerasSgd: {
    bound: 2e-5,
    reason:
      "measured 6.6e-6 of the learning rate after 6 steps: each rounds weights of size 3 to within 2.4e-6 of a " +
      "learning rate of 0.05",
  },
  kerasSteps: {
    bound: 5e-6,
    reason:
      "measured 1.2e-6 of the learning rate after 6 steps of Adagrad, whose sum begins with 0 here; RMSprop's and " +
      "Lion's roundings are Keras's",
  },
  kerasSchedule: {
    bound: 5e-7,
    reason: "measured 1.6e-7 of the largest rate: Keras computes schedules in float32",
  },
  kerasTrainingLosses: {
    bound: 5e-6,
    reason:
      "measured 1.4e-6 over 20 steps: float32 losses of weights that drift apart as kerasFinalWeights says",
  },
  kerasFinalWeights: {
    bound: 5e-4,
    reason:
      "measured 1.8e-4 of the learning rate after 20 steps: kerasAdam's 6.4e-6 in every step makes 1.3e-4, " +
      "gradient noise the rest",
  },

  // Runs of Keras in float64, against the float64 reference and against float32 models.
  kerasRunLosses: {
    bound: 2e-6,
    reason:
      "measured 6.7e-7 over 10 steps, of the reference too: weights that drift apart as kerasRunWeights says",
  },
  kerasRunWeights: {
    bound: 2e-4,
    reason:
      "measured 7.5e-5 of the learning rate after 10 steps, and 6.6e-5 of the reference: Keras rounds 0.999 to " +
      "float32 even in float64, which makes 1 - β₂ 1.3e-5 larger",
  },

  // Learning rates against the reference, whose functions are the engine's.
  scheduleRates: {
    bound: 2e-15,
    reason: "measured 2.8e-16 of the largest rate over 3000 steps: roundings of float64",
  },

  // Float32 TensorFlow.js against the float64 reference; measured over 120 random networks.
  tfjsForward: {
    bound: 1e-6,
    reason: "measured 1.5e-7: float32 roundings, damped by the sigmoid at the end",
  },
  tfjsLoss: {
    bound: 1e-6,
    reason: "measured 1.6e-7: float32 roundings of the logits",
  },
  tfjsGradient: {
    bound: 3e-5,
    reason:
      "measured 1.2e-5, on a bias of one element that is a sum of cancelling terms; 1e-6 on tensors of many",
  },
  tfjsTrainingLosses: {
    bound: 2e-5,
    reason: "measured 5.8e-6 over 20 steps: float32 losses of weights that drift apart",
  },
  tfjsFinalWeights: {
    bound: 3e-3,
    reason:
      "measured 1.6e-3 of the learning rate after 20 steps, where a gradient is near Adam's ε and its noise " +
      "of 1e-8 therefore moves the step",
  },

  // Float32 kernels against the float64 reference, on weights of size 0.4 and inputs of size 1.
  kernelForward: {
    bound: 1e-6,
    reason: "measured 4.6e-7, the state of an RNN after 7 timesteps of float32 roundings; gates 2.7e-7",
  },
  kernelLoss: {
    bound: 5e-7,
    reason: "measured 1.7e-7: one float32 logarithm each, summed in float64",
  },
  kernelScore: {
    bound: 1e-5,
    reason: "measured 3.2e-6 of R²: residuals of float32 outputs over a variance of targets below them",
  },
  kernelGradient: {
    bound: 1e-5,
    reason: "measured 3.3e-6, on a bias of one element that is a sum of cancelling terms; 7.8e-7 elsewhere",
  },
  kernelAdam: {
    bound: 6e-5,
    reason:
      "measured 2.5e-5 of the learning rate after 20 steps at 0.01: a step's rounding of weights of size 1 " +
      "is up to 6e-6 of it",
  },
  kernelSgd: {
    bound: 4e-5,
    reason: "measured 1.7e-5 of the learning rate after 20 steps at 0.01, by the roundings kernelAdam has",
  },
  kernelTrainingLosses: {
    bound: 1e-6,
    reason: "measured 1.3e-7 over 20 steps: float32 roundings of the logits",
  },
  kernelFinalWeights: {
    bound: 3e-4,
    reason:
      "measured 1.5e-4 of the learning rate after 20 steps of AdamW in the relaxed build, 4.9e-5 elsewhere: " +
      "kernelAdam's roundings, and the gradients'",
  },
} satisfies Record<string, Tolerance>;
