import type { LossKind } from "./kind.ts";
import { finite, positive } from "./targets.ts";

/** Negative logarithm of a normal density whose mean and log-variance the head gives. */
export interface GaussianNegativeLogLikelihoodConfig {
  name: "gaussianNegativeLogLikelihood";
  /** Added to each variance, which keeps the loss from below; in squares of the targets' unit. Default 1e-6. */
  epsilon?: number;
}

/**
 * The mean of ½(log v + (μ - t)²/v): targets are normal, and the model says the mean and the variance of each. The last
 * layer is linear and has two units a target: for each target its mean μ and the logarithm s of its variance,
 * v = eˢ + epsilon. PyTorch's GaussianNLLLoss (Nix and Weigend, Estimating the mean and variance of the target
 * probability distribution, 1994) in the parametrization of Kendall and Gal (What uncertainties do we need in Bayesian
 * deep learning for computer vision?, 2017): s learns any scale of the targets in steps of like size, where a softplus
 * for the variance would have to grow by as much as they do. Computed in assembly/gaussian.ts.
 */
export const gaussianNegativeLogLikelihood: LossKind<Required<GaussianNegativeLogLikelihoodConfig>> = {
  options: { epsilon: { ...positive, fallback: 1e-6 } },
  targets: "several",
  outputsPerTarget: () => 2,
  refuses: finite,
  divisor: (units) => units / 2,
  kernel:
    (k, { epsilon }) =>
    (losses, dy, y, targets, rows, units, ld, scale) =>
      k.gaussianNegativeLogLikelihood(losses, dy, y, targets, rows, units, ld, scale, epsilon),
};
