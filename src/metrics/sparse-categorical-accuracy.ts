import { mean } from "./mean.ts";

/** The share of rows whose largest output is that of the class. In assembly/accuracy.ts. */
export const sparseCategoricalAccuracy = mean({
  targets: "class",
  values: (k) => k.sparseCategoricalAccuracy,
});
