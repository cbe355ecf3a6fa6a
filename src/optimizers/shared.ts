/** What every optimiser takes beside its own options: Keras's, done by whoever has the update done. */
import { LstmkitError } from "../errors.ts";
import { number, trueOrFalse, wholeNumber } from "../options.ts";
import { aRate, aRateOrZero } from "./rates.ts";

/** What every optimiser takes. */
export interface SharedConfig {
  /**
   * Decoupled weight decay (Loshchilov and Hutter 2019): before a step every weight, biases with them, loses
   * weightDecay · learningRate of itself. Default none, but for AdamW.
   */
  weightDecay?: number;
  /** Each weight's gradient is scaled down to this Euclidean norm where it is larger. Default none. */
  clipnorm?: number;
  /** The same of the norm of all gradients together. Default none. */
  globalClipnorm?: number;
  /** Each number of a gradient is limited to [-clipvalue, clipvalue]. Default none; one of the three at most. */
  clipvalue?: number;
  /** Keep a moving average of the weights, which they are set to at the end of fit. Default false. */
  useEma?: boolean;
  /** Share of the average before in that of a step, the first left out; in [0, 1]. Default 0.99. */
  emaMomentum?: number;
  /** Set the weights to their average every so many steps, too. Default none. */
  emaOverwriteFrequency?: number;
}

/** A fallback of undefined: what is left out is not there, and costs nothing. */
export const SHARED = {
  weightDecay: { ...aRateOrZero, fallback: undefined },
  clipnorm: { ...aRate, fallback: undefined },
  globalClipnorm: { ...aRate, fallback: undefined },
  clipvalue: { ...aRate, fallback: undefined },
  useEma: { ...trueOrFalse, fallback: undefined },
  emaMomentum: { ...number("from 0 to 1", (n) => n >= 0 && n <= 1), fallback: undefined },
  emaOverwriteFrequency: { ...wholeNumber(1), fallback: undefined },
};

const CLIPS = ["clipnorm", "globalClipnorm", "clipvalue"] as const;

/** @throws BAD_ARGUMENT where a gradient would be clipped in two ways */
export function checkShared(optimizer: SharedConfig & { readonly name: string }): void {
  const given = CLIPS.filter((clip) => optimizer[clip] !== undefined);
  if (given.length < 2) return;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${optimizer.name} has ${given.join(" and ")}; a gradient is clipped in one way: leave all but one out.`,
  );
}

/** Whether a step ends with the weights set to their average. */
export const overwrites = ({ useEma, emaOverwriteFrequency }: SharedConfig, iteration: number): boolean =>
  useEma === true && emaOverwriteFrequency !== undefined && iteration % emaOverwriteFrequency === 0;
