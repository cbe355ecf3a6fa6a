import type { OptionTable } from "../options.ts";
import { Affine } from "./affine.ts";
import { type Initializer, joinMemory, type LayerKind, padded, type Rows } from "./kind.ts";
import { GATED_LSTM, type GatedLstmConfig, type GatedLstmLayer, lstmKind } from "./lstm.ts";
import { SUM } from "./merge-modes.ts";
import { anInitializer, describeLayer } from "./options.ts";
import {
  asRead,
  forgetBias,
  recurrentFrame,
  recurrentGathers,
  recurrentMemory,
  recurrentOutput,
  recurrentWeights,
  stateMemory,
  variants,
} from "./recurrent.ts";

export interface PeepholeLstmConfig extends GatedLstmConfig {
  /** Of the three peepholes. Default `zeros`, with which it begins as an `lstm` does. */
  peepholeInitializer?: Initializer;
}

export interface PeepholeLstmLayer extends GatedLstmLayer {
  readonly type: "peepholeLSTM";
  readonly peepholeInitializer: Initializer;
}

const CELL = { cell: "peephole_lstm_cell", gates: 4 };
const FORGET = 1;

/** In the order of dp in the kernel. */
const PEEPHOLES = ["input", "forget", "output"].map(
  (gate) => `peephole_lstm_cell/${gate}_gate_peephole_weights`,
);

/**
 * The LSTM whose gates see the cell (Gers and Schmidhuber 2000); derived in docs/lstm-variants.md, computed in
 * assembly/peephole-lstm.ts. Weights have the names of TensorFlow Addons' PeepholeLSTMCell.
 */
export const peepholeLstmKind = {
  title: "PeepholeLSTM",
  baseName: "peephole_lstm",
  reads: "numbers",
  options: {
    ...GATED_LSTM,
    peepholeInitializer: { ...anInitializer, fallback: "zeros" },
  } satisfies OptionTable<Omit<PeepholeLstmLayer, "type">>,
  states: lstmKind.states,
  carried: lstmKind.carried,
  output: recurrentOutput,
  weights: (layer, x) => [
    ...forgetBias(layer, FORGET, recurrentWeights(layer, x, CELL)),
    ...PEEPHOLES.map((name) => ({
      name,
      shape: [layer.units],
      blocks: 1,
      initializer: layer.peepholeInitializer,
    })),
  ],
  memory(layer, x, use) {
    const H = padded(layer.units);
    const { groupSize: R, backward, flow } = use;
    return joinMemory(recurrentMemory(layer, x, use, CELL.gates), stateMemory(layer, use, "h", "c"), {
      group: {
        c: R * (x.T + 1) * H,
        tc: R * x.T * H,
        ...(backward && { dcState: R * H, dp: R * 3 * H }),
        ...(flow && { flow: R * x.T * 2 * H }),
      },
    });
  },
  ...variants<PeepholeLstmLayer>(),
  gathers: (layer, use) => recurrentGathers(layer, use, CELL.gates),
  pass(layer, bound) {
    const at = asRead(layer, bound);
    const { k, use } = at;
    const frame = recurrentFrame(layer, at, CELL.gates, "peephole_lstm_cell/recurrent_kernel");
    const { T, H, N, units, z, h, a, dh, dhState, u, e, uT, before, rows, stateRows } = frame;
    const { maskStep, maskSequence, m, hm, dm } = frame;
    const input = new Affine(
      at,
      { N, dropout: layer.dropout, stepsOver: true },
      { kernel: "peephole_lstm_cell/kernel", bias: layer.useBias ? "peephole_lstm_cell/bias" : null },
    );
    const [c, tc] = [at.at("c"), at.at("tc")];
    const [dcState, dp] = use.backward ? [at.at("dcState"), at.at("dp")] : [0, 0];
    const flow = use.flow ? at.at("flow") : 0;
    const carried = frame.carry({ h, c }, { h: dhState, c: dcState });
    const U = { rows: before, gradient: at.weight("peephole_lstm_cell/recurrent_kernel").gradient };
    const peepholes = PEEPHOLES.map((name) => at.weight(name));
    const [pi, pf, po] = peepholes.map(({ address }) => address) as [number, number, number];
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
        input.forward(group, z);
        const [R, mask] = [group.count, frame.maskAt(group)];
        const steps = [R, T, H, units, mask, maskStep, maskSequence, m, hm] as const;
        k.peepholeLstmForward(z, c, h, tc, pi, pf, po, u, e, a, ...steps);
      },
      backward(group) {
        const [R, mask] = [group.count, frame.maskAt(group)];
        const steps = [R, T, H, mask, maskStep, maskSequence, m, dm] as const;
        carried.beginBack(group);
        k.peepholeLstmBackward(z, c, tc, dh, dhState, dcState, flow, dp, pi, pf, po, uT, a, ...steps);
        for (const [i, peephole] of peepholes.entries()) {
          // Each sequence has added up its own: they go on in one chain, whatever the size of a group.
          const sum = peephole.gradient(group);
          k.mergeRows(sum, 0, sum, 0, dp + i * H * 4, 3 * H, H, R, SUM);
        }
        input.backward(group, z, [U]);
      },
    };
  },
} satisfies LayerKind<PeepholeLstmLayer>;

/**
 * Long short-term memory with peepholes: (B, T, I) → (B, T, units) or (B, units). The input and the forget gate
 * see the cell of the step before, the output gate that of its own step, each unit its own, by a weight a unit and
 * gate. TensorFlow Addons had it as PeepholeLSTMCell.
 *
 * Gers, Schmidhuber: Recurrent nets that time and count. IJCNN 2000.
 *
 * @throws BAD_LAYER
 */
export const peepholeLSTM = (config: PeepholeLstmConfig): PeepholeLstmLayer =>
  describeLayer("peepholeLSTM", peepholeLstmKind.options, config);
