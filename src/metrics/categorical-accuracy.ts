import { mean } from "./mean.ts";

/** The share of rows whose largest output stands where the largest target does. In assembly/accuracy.ts. */
export const categoricalAccuracy = mean({ targets: "outputs", values: (k) => k.categoricalAccuracy });
