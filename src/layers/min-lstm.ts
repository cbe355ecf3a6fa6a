import { type OptionTable, trueOrFalse } from "../options.ts";
import { Affine } from "./affine.ts";
import { joinMemory, type LayerKind, padded, type Rows } from "./kind.ts";
import { describeLayer } from "./options.ts";
import {
  asRead,
  forgetBias,
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

export interface MinLstmConfig extends SteppedConfig {
  /** Start the forget gate's bias at 1. Default true. */
  unitForgetBias?: boolean;
}

export interface MinLstmLayer extends SteppedLayer {
  readonly type: "minLSTM";
  readonly unitForgetBias: boolean;
}

const CELL = { cell: "min_lstm_cell", gates: 3 };
const FORGET = 0;

/** minLSTM (Feng et al. 2024); derived in docs/min-cells.md, computed in assembly/min-lstm.ts. */
export const minLstmKind = {
  title: "MinLSTM",
  baseName: "min_lstm",
  reads: "numbers",
  options: {
    ...STEPPED,
    unitForgetBias: { ...trueOrFalse, fallback: true },
  } satisfies OptionTable<Omit<MinLstmLayer, "type">>,
  states: ({ units, goBackwards }) => ({
    units,
    seesAhead: goBackwards,
    kinds: {
      f: { title: "forget gate", range: "gate" },
      i: { title: "input gate", range: "gate" },
      k: { title: "share kept", range: "gate" },
      g: { title: "candidate", range: "signed" },
      h: { title: "state", range: "signed", flows: true },
    },
  }),
  carried: ({ units }) => ({ h: units }),
  output: recurrentOutput,
  weights: (layer, x) => forgetBias(layer, FORGET, recurrentWeights(layer, x, CELL)),
  memory(layer, x, use) {
    const rows = use.groupSize * x.T * padded(layer.units);
    return joinMemory(recurrentMemory(layer, x, use, CELL.gates), stateMemory(layer, use, "h"), {
      group: { k: rows, ...(use.flow && { flow: rows }) },
    });
  },
  ...variants<MinLstmLayer>(),
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
      { kernel: "min_lstm_cell/kernel", bias: layer.useBias ? "min_lstm_cell/bias" : null },
    );
    const kept = at.at("k");
    const flow = use.flow ? at.at("flow") : 0;
    const gate = (index: number): Rows => rows(z + index * H * 4, N);
    const carried = frame.carry({ h }, { h: dhState });
    return {
      y: frame.y,
      dy: frame.dy,
      states: frame.inOrder({ f: gate(0), i: gate(1), k: rows(kept, H), g: gate(2), h: stateRows(h) }),
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
        k.minLstmForward(z, kept, h, group.count, T, H, frame.maskAt(group), maskStep, maskSequence);
      },
      backward(group) {
        carried.beginBack(group);
        k.minLstmBackward(
          z,
          kept,
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
} satisfies LayerKind<MinLstmLayer>;

/**
 * minLSTM: (B, T, I) → (B, T, units) or (B, units). Gates and candidate read x alone, so there is no product
 * with the state; the forget and the input gate share out the state between what it was and the candidate,
 * f/(f + i) to i/(f + i). It has no cell beside the state and no output gate. The candidate is linear, as in
 * the paper's plain form.
 *
 * Feng, Tung, Ahmed, Bengio, Hajimirsadeghi: Were RNNs all we needed? arXiv:2410.01201, 2024.
 *
 * @throws BAD_LAYER
 */
export const minLSTM = (config: MinLstmConfig): MinLstmLayer =>
  describeLayer("minLSTM", minLstmKind.options, config);
