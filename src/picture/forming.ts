/** The answer as a sequence goes on. */
import { type Layer, statesOf } from "../layers/public.ts";
import { ROW_KINDS } from "../layers/row-kinds.ts";
import type { Tensor } from "../tensor.ts";
import type { Model } from "../train/model.ts";

/**
 * (1, T, width): what the model would answer, were the sequence to end at each step.
 *
 * That is what a trace has where every layer goes step by step. One that reads from the end, or takes steps
 * together, has read others for each end there could be, so then every end is predicted by itself.
 *
 * @param x (1, T)
 * @param traced the outputs of a trace of x
 * @throws what predict throws
 */
export async function formingOutputs(
  model: Pick<Model, "layers" | "predict">,
  x: Tensor<Int32Array>,
  traced: Tensor<Float32Array>,
): Promise<Tensor<Float32Array>> {
  if (model.layers.every(goesStepByStep)) return traced;
  const T = x.shape[1]!;
  const width = traced.shape.at(-1)!;
  const data = new Float32Array(T * width);
  for (let end = 1; end <= T; end++) {
    const answer = await model.predict({ data: x.data.slice(0, end), shape: [1, end] });
    data.set(answer.data, (end - 1) * width);
  }
  return { data, shape: [1, T, width] };
}

function goesStepByStep(layer: Layer): boolean {
  const states = statesOf(layer);
  if (states) return states.seesAhead !== true;
  return layer.type === "embedding" || Object.hasOwn(ROW_KINDS, layer.type);
}
