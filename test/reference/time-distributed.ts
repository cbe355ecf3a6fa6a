import type { TimeDistributedLayer } from "../../src/layers/time-distributed.ts";
import type { ReferenceKind } from "./kind.ts";
import { addTo, type Vector } from "./matrix.ts";

const BASE_NAMES = {
  dense: "dense",
  dropout: "dropout",
  activation: "activation",
  layerNormalization: "layer_normalization",
};

/** Keras's TimeDistributed, as it is defined: every step by itself, as (B, features), through the layer. */
export const timeDistributedReference = (
  referenceOf: (layer: TimeDistributedLayer["layer"]) => ReferenceKind<TimeDistributedLayer["layer"]>,
): ReferenceKind<TimeDistributedLayer> => ({
  weights: ({ layer }, width) =>
    referenceOf(layer)
      .weights(layer, width)
      .map(([name, shape]) => [`${layer.name || BASE_NAMES[layer.type]}/${name}`, shape]),
  forward({ layer }, weights, { values, B, T, width, mask }, keep) {
    const passes = Array.from({ length: T }, (_, t) => {
      const own = keep && stepOf(Float64Array.from(keep), t, B, T);
      return referenceOf(layer).forward(
        layer,
        weights,
        { values: stepOf(values, t, B, T), B, T: 1, width },
        own,
      );
    });
    const together = (steps: readonly Vector[]) => {
      const size = steps[0]!.length / B;
      const all = new Float64Array(B * T * size);
      for (const [t, step] of steps.entries()) {
        for (let b = 0; b < B; b++) all.set(step.subarray(b * size, (b + 1) * size), (b * T + t) * size);
      }
      return all;
    };
    return {
      y: { values: together(passes.map(({ y }) => y.values)), B, T, width: passes[0]!.y.width, mask },
      backward(dy) {
        const steps = passes.map((pass, t) => pass.backward(stepOf(dy, t, B, T)));
        const dweights = steps[0]!.dweights.map(({ dw }, i) => {
          const sum = new Float64Array(dw.length);
          for (const step of steps) addTo(sum, step.dweights[i]!.dw);
          return { dw: sum };
        });
        return { dx: together(steps.map(({ dx }) => dx)), dweights };
      },
    };
  },
});

/** Step t of (B, T, …): (B, …). */
function stepOf(values: Vector, t: number, B: number, T: number): Vector {
  const size = values.length / (B * T);
  const step = new Float64Array(B * size);
  for (let b = 0; b < B; b++) {
    step.set(values.subarray((b * T + t) * size, (b * T + t + 1) * size), b * size);
  }
  return step;
}
