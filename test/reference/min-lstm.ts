import { sigmoid } from "./matrix.ts";
import { type Blend, blendingReference } from "./min-gru.ts";

/** minLSTM: i/(f + i) is the share that enters; the candidate is linear. */
export const minLstmBlend = ([zf, zi, g]: readonly number[]): Blend => {
  const [f, i] = [sigmoid(zf!), sigmoid(zi!)];
  const sum = f + i;
  return {
    share: i / sum,
    candidate: g!,
    gates: { f, i, k: f / sum, g: g! },
    backward: (ds, dg) => [
      ((-ds * i) / (sum * sum)) * f * (1 - f),
      ((ds * f) / (sum * sum)) * i * (1 - i),
      dg,
    ],
  };
};

/** minLSTM, with the states that trace gives. */
export const minLstmReference = blendingReference("min_lstm_cell", 3, minLstmBlend);
