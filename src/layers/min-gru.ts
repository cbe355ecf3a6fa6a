import type { OptionTable } from "../options.ts";
import { Affine } from "./affine.ts";
import { joinMemory, type LayerKind, padded } from "./kind.ts";
import { describeLayer } from "./options.ts";
import {
  asRead,
  recurrentFrame,
  recurrentGathers,
  recurrentMemory,
  recurrentOutput,
  recurrentWeights,
  STEPPED,
  type SteppedConfig,
  type SteppedLayer,
  stateMemory,
  variants,
} from "./recurrent.ts";

export interface MinGruLayer extends SteppedLayer {
  readonly type: "minGRU";
}

const CELL = { cell: "min_gru_cell", gates: 2 };

/** minGRU (Feng et al. 2024); derived in docs/min-cells.md, computed in assembly/min-gru.ts. */
export const minGruKind = {
  title: "MinGRU",
  baseName: "min_gru",
  reads: "numbers",
  options: STEPPED satisfies OptionTable<Omit<MinGruLayer, "type">>,
  states: ({ units, goBackwards }) => ({
    units,
    seesAhead: goBackwards,
    kinds: {
      u: { title: "update gate", range: "gate" },
      g: { title: "candidate", range: "signed" },
      h: { title: "state", range: "signed", flows: true },
    },
  }),
  carried: ({ units }) => ({ h: units }),
  output: recurrentOutput,
  weights: (layer, x) => recurrentWeights(layer, x, CELL),
  memory(layer, x, use) {
    const flow = use.groupSize * x.T * padded(layer.units);
    return joinMemory(recurrentMemory(layer, x, use, CELL.gates), stateMemory(layer, use, "h"), {
      group: { ...(use.flow && { flow }) },
    });
  },
  ...variants<MinGruLayer>(),
  gathers: (layer, use) => recurrentGathers(layer, use, CELL.gates),
  pass(layer, bound) {
    const at = asRead(layer, bound);
    const { k, use } = at;
    const frame = recurrentFrame(layer, at, CELL.gates, null);
    const { T, H, N, z, h, dh, dhState, rows, stateRows } = frame;
    const { maskStep, maskSequence } = frame;
    const input = new Affine(
      at,
      { N, dropout: layer.dropout, stepsOver: true },
      { kernel: "min_gru_cell/kernel", bias: layer.useBias ? "min_gru_cell/bias" : null },
    );
    const flow = use.flow ? at.at("flow") : 0;
    const carried = frame.carry({ h }, { h: dhState });
    return {
      y: frame.y,
      dy: frame.dy,
      states: frame.inOrder({ u: rows(z, N), g: rows(z + H * 4, N), h: stateRows(h) }),
      final: carried.final,
      dInitial: carried.dInitial,
      gradients: flow ? frame.inOrder({ h: rows(flow, H) }) : {},
      prepare: (part, parts) => input.prepare(part, parts),
      project: (from, count) => input.project(from, count),
      beginShard: (shard) => input.beginShard(shard),
      endShard: (shard, partial) => input.endShard(shard, partial),
      forward(group) {
        carried.begin(group);
        input.forward(group, z);
        k.minGruForward(z, h, group.count, T, H, frame.maskAt(group), maskStep, maskSequence);
      },
      backward(group) {
        carried.beginBack(group);
        k.minGruBackward(
          z,
          h,
          dh,
          dhState,
          flow,
          group.count,
          T,
          H,
          frame.maskAt(group),
          maskStep,
          maskSequence,
        );
        input.backward(group, z);
      },
    };
  },
} satisfies LayerKind<MinGruLayer>;

/**
 * minGRU: (B, T, I) → (B, T, units) or (B, units). The gate and the candidate read x alone, so there is no
 * product with the state: a step costs a fraction of a `gru`'s, and what it forgets cannot depend on what it
 * holds. Two layers on one another see more than one. The candidate is linear, as in the paper's plain form.
 *
 * Feng, Tung, Ahmed, Bengio, Hajimirsadeghi: Were RNNs all we needed? arXiv:2410.01201, 2024.
 *
 * @throws BAD_LAYER
 */
export const minGRU = (config: SteppedConfig): MinGruLayer =>
  describeLayer("minGRU", minGruKind.options, config);
