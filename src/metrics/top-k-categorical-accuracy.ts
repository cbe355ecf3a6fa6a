import { wholeNumber } from "../options.ts";
import { mean } from "./mean.ts";

export interface TopKCategoricalAccuracyConfig {
  name: "topKCategoricalAccuracy";
  /** Default 5. */
  k?: number;
}

/** The share of rows whose k largest outputs have one where the largest target is. In assembly/accuracy.ts. */
export const topKCategoricalAccuracy = mean<Required<TopKCategoricalAccuracyConfig>>({
  options: { k: { ...wholeNumber(1, 2 ** 31 - 1), fallback: 5 } },
  targets: "outputs",
  values:
    (kernels, { k }) =>
    (values, y, targets, rows, units, ld) =>
      kernels.topKCategoricalAccuracy(values, y, targets, rows, units, ld, k),
});
