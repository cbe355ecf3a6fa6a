import { LstmkitError } from "../errors.ts";
import { aString, didYouMean, oneOf, show } from "../options.ts";
import type { FitContext, Logs } from "../train/model.ts";

/** What a callback looks at. */
export interface MonitorOptions {
  /** A name in the epoch's logs. Default `valLoss`. */
  monitor?: string;
  /** Whether it is to become less or more; `auto` goes by its name. Default `auto`. */
  mode?: "auto" | "min" | "max";
}

/** Made where it is asked for, as the tables of all callbacks: a bundler leaves out a function that nobody calls. */
export const monitorTable = () => ({
  monitor: { ...aString, fallback: "valLoss" },
  mode: { ...oneOf("auto", "min", "max"), fallback: "auto" as const },
});

/** A number in the logs that is to become less, or more. */
export class Monitor {
  readonly #callback: string;
  readonly #name: string;
  readonly #isLess: boolean;

  /** @throws BAD_ARGUMENT where the name does not say which */
  constructor(callback: string, { monitor, mode }: Required<MonitorOptions>) {
    this.#callback = callback;
    this.#name = monitor;
    this.#isLess = mode === "auto" ? isBetterLess(callback, monitor) : mode === "min";
  }

  /** @throws BAD_ARGUMENT before anything is trained, where no epoch will have it */
  begin({ metrics }: Pick<FitContext, "metrics">): void {
    if (metrics.includes(this.#name)) return;
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${this.#callback} monitors ${show(this.#name)}${didYouMean(this.#name, metrics)}; the epochs of this fit log ` +
        `${metrics.join(", ")}. Give validationData or validationSplit for what begins with val.`,
    );
  }

  /** Undefined in an epoch that does not validate. */
  of(logs: Logs): number | undefined {
    return logs[this.#name];
  }

  /** Whether a value is better by more than minDelta, as Keras has it; than null any is. */
  isBetter(value: number, best: number | null, minDelta = 0): boolean {
    if (best === null) return true;
    return this.#isLess ? value + minDelta < best : value - minDelta > best;
  }
}

/** Keras asks its metrics; here the names of all there are tell it, with or without a number behind them. */
function isBetterLess(callback: string, monitor: string): boolean {
  if (/(loss|error)\d*$/i.test(monitor)) return true;
  if (/(accuracy|precision|recall|score|auc)\d*$/i.test(monitor)) return false;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${callback} monitors ${show(monitor)}, whose name does not say whether less is better: give mode "min" or "max".`,
  );
}
