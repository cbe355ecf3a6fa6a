import type { Callback } from "../train/model.ts";

/**
 * Makes a loss that is not finite the end of a fit and not an error: Keras's TerminateOnNaN. Without it fit rejects with
 * LOSS_NOT_FINITE; with it the promise gives the history of the epochs before the one in which that happened. The
 * weights are the same in both cases, those of the batch before: Keras has by then taken the step.
 */
export function terminateOnNaN(): Callback {
  return { onNotFinite: (_batch, _message, { stop }) => stop() };
}
