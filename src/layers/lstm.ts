import { type OptionTable, trueOrFalse } from "../options.ts";
import { Affine } from "./affine.ts";
import { joinMemory, type LayerKind, padded, type Rows } from "./kind.ts";
import { describeLayer, onlyValue } from "./options.ts";
import {
  asRead,
  forgetBias,
  RECURRENT,
  type RecurrentConfig,
  type RecurrentLayer,
  recurrentFrame,
  recurrentGathers,
  recurrentMemory,
  recurrentOutput,
  recurrentWeights,
  type SteppedLayer,
  stateMemory,
  variants,
} from "./recurrent.ts";
import { aZoneout, type ZoneoutConfig, zoneoutMemory, zones } from "./zoneout.ts";

/** What an LSTM and its variants take. */
export interface GatedLstmConfig extends RecurrentConfig {
  /** What the gates pass through. Only `sigmoid`, the default. */
  recurrentActivation?: "sigmoid";
  /** Start the forget gate's bias at 1 (Jozefowicz et al. 2015). Default true. */
  unitForgetBias?: boolean;
}

export interface LstmConfig extends GatedLstmConfig, ZoneoutConfig {
  /** The same of the cell c, with draws of its own; the output is made of the new cell, whatever is kept. Default 0. */
  zoneoutCell?: number;
}

export interface GatedLstmLayer extends RecurrentLayer {
  readonly recurrentActivation: "sigmoid";
  readonly unitForgetBias: boolean;
}

export interface LstmLayer extends GatedLstmLayer {
  readonly type: "lstm";
  readonly zoneout: number;
  readonly zoneoutCell: number;
}

/** The options of an LSTM and its variants. */
export const GATED_LSTM: OptionTable<Omit<GatedLstmLayer, "type">> = {
  ...RECURRENT,
  recurrentActivation: { ...onlyValue("sigmoid", "the kernels have no other yet"), fallback: "sigmoid" },
  unitForgetBias: { ...trueOrFalse, fallback: true },
};

const CELL = { cell: "lstm_cell", gates: 4 };
const FORGET = 1;

const rates = ({ zoneout, zoneoutCell }: LstmLayer) => ({ zone: zoneout, zoneCell: zoneoutCell });

/** Long short-term memory; derived in docs/lstm.md, computed in assembly/lstm.ts. */
export const lstmKind = {
  title: "LSTM",
  baseName: "lstm",
  reads: "numbers",
  options: {
    ...GATED_LSTM,
    zoneout: aZoneout,
    zoneoutCell: aZoneout,
  } satisfies OptionTable<Omit<LstmLayer, "type">>,
  states: ({ units, goBackwards }: SteppedLayer) => ({
    units,
    seesAhead: goBackwards,
    kinds: {
      i: { title: "input gate", range: "gate" },
      f: { title: "forget gate", range: "gate" },
      g: { title: "candidate", range: "signed" },
      o: { title: "output gate", range: "gate" },
      c: { title: "cell", range: "signed", flows: true },
      h: { title: "state", range: "signed", flows: true },
    },
  }),
  carried: ({ units }: SteppedLayer) => ({ h: units, c: units }),
  output: recurrentOutput,
  weights: (layer, x) => forgetBias(layer, FORGET, recurrentWeights(layer, x, CELL)),
  memory(layer, x, use) {
    const H = padded(layer.units);
    const { groupSize: R, backward, flow } = use;
    return joinMemory(
      recurrentMemory(layer, x, use, CELL.gates),
      stateMemory(layer, use, "h", "c"),
      {
        group: {
          c: R * (x.T + 1) * H,
          tc: R * x.T * H,
          ...(backward && { dcState: R * H }),
          ...(flow && { flow: R * x.T * 2 * H }),
        },
      },
      zoneoutMemory(layer, x.T, use, rates(layer)),
    );
  },
  ...variants<LstmLayer>(),
  gathers: (layer, use) => recurrentGathers(layer, use, CELL.gates),
  pass(layer, bound) {
    const at = asRead(layer, bound);
    const { k, use } = at;
    const frame = recurrentFrame(layer, at, CELL.gates, "lstm_cell/recurrent_kernel");
    const { T, H, N, units, z, h, a, dh, dhState, u, e, uT, before, rows, stateRows } = frame;
    const { maskStep, maskSequence, m, hm, dm } = frame;
    const input = new Affine(
      at,
      { N, dropout: layer.dropout, stepsOver: true },
      { kernel: "lstm_cell/kernel", bias: layer.useBias ? "lstm_cell/bias" : null },
    );
    const [c, tc] = [at.at("c"), at.at("tc")];
    const dcState = use.backward ? at.at("dcState") : 0;
    const flow = use.flow ? at.at("flow") : 0;
    const zoned = zones(at, frame, rates(layer));
    const zone = [...zoned.addresses, zoned.step, zoned.sequence] as [number, number, number, number];
    const carried = frame.carry({ h, c }, { h: dhState, c: dcState });
    const U = { rows: before, gradient: at.weight("lstm_cell/recurrent_kernel").gradient };
    const gate = (index: number): Rows => rows(z + index * H * 4, N);
    return {
      y: frame.y,
      dy: frame.dy,
      states: frame.inOrder({
        i: gate(0),
        f: gate(1),
        g: gate(2),
        o: gate(3),
        c: stateRows(c),
        h: stateRows(h),
      }),
      final: carried.final,
      dInitial: carried.dInitial,
      gradients: flow ? frame.inOrder({ h: rows(flow, 2 * H), c: rows(flow + H * 4, 2 * H) }) : {},
      prepare(part, parts) {
        input.prepare(part, parts);
        frame.prepare(part, parts);
      },
      project: (from, count) => input.project(from, count),
      beginShard: (shard) => input.beginShard(shard),
      endShard: (shard, partial) => input.endShard(shard, partial),
      forward(group) {
        carried.begin(group);
        frame.draw(group);
        zoned.draw(group);
        input.forward(group, z);
        const [R, mask] = [group.count, frame.maskAt(group)];
        const steps = [R, T, H, units, mask, maskStep, maskSequence, m, hm] as const;
        k.lstmForward(z, c, h, tc, u, e, a, ...steps, ...zone);
      },
      backward(group) {
        carried.beginBack(group);
        const [R, mask] = [group.count, frame.maskAt(group)];
        const steps = [R, T, H, mask, maskStep, maskSequence, m, dm] as const;
        k.lstmBackward(z, c, tc, dh, dhState, dcState, flow, uT, a, ...steps, ...zone);
        input.backward(group, z, [U]);
      },
    };
  },
} satisfies LayerKind<LstmLayer>;

/**
 * Long short-term memory: (B, T, I) → (B, T, units) or (B, units). Gates are sigmoid, candidate and
 * output tanh, as in Keras's default.
 */
export const lstm = (config: LstmConfig): LstmLayer => describeLayer("lstm", lstmKind.options, config);
