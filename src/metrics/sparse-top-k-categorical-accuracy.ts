import { wholeNumber } from "../options.ts";
import { mean } from "./mean.ts";

export interface SparseTopKCategoricalAccuracyConfig {
  name: "sparseTopKCategoricalAccuracy";
  /** Default 5. */
  k?: number;
}

/** The share of rows whose k largest outputs have that of the class. In assembly/accuracy.ts. */
export const sparseTopKCategoricalAccuracy = mean<Required<SparseTopKCategoricalAccuracyConfig>>({
  options: { k: { ...wholeNumber(1, 2 ** 31 - 1), fallback: 5 } },
  targets: "class",
  values:
    (kernels, { k }) =>
    (values, y, targets, rows, units, ld) =>
      kernels.sparseTopKCategoricalAccuracy(values, y, targets, rows, units, ld, k),
});
