import type { Callback } from "../train/model.ts";

/**
 * Makes a loss that is not finite the end of a fit and not an error: Keras's TerminateOnNaN. Without it fit rejects with
 * LOSS_NOT_FINITE; with it the promise gives the history of the epochs before the one in which that happened. So it does
 * of a loss above fit's maxLoss. The weights are those of the batch before, as without it, or with useEma their moving
 * average: Keras has by then taken the step.
 */
export function terminateOnNaN(): Callback {
  return { onNotFinite: (_batch, _message, { stop }) => stop() };
}
