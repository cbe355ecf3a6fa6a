/** The answer as a sequence goes on. */
import { statesOf } from "../layers/public.ts";
import type { Tensor } from "../tensor.ts";
import type { Model } from "../train/model.ts";

/**
 * (1, T, width): what the model would answer, were the sequence to end at each step.
 *
 * That is what a trace has, but where a layer reads from the end: it has read other steps for each end there
 * could be, so then every end is predicted by itself.
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
  if (!model.layers.some((layer) => statesOf(layer)?.seesAhead)) return traced;
  const [, T, width] = traced.shape as [number, number, number];
  const data = new Float32Array(T * width);
  for (let end = 1; end <= T; end++) {
    const answer = await model.predict({ data: x.data.slice(0, end), shape: [1, end] });
    data.set(answer.data, (end - 1) * width);
  }
  return { data, shape: traced.shape };
}
