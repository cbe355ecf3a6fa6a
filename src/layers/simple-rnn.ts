import type { OptionTable } from "../options.ts";
import { Affine } from "./affine.ts";
import { joinMemory, type LayerKind, padded } from "./kind.ts";
import { describeLayer } from "./options.ts";
import {
  asRead,
  RECURRENT,
  type RecurrentConfig,
  type RecurrentLayer,
  recurrentFrame,
  recurrentGathers,
  recurrentMemory,
  recurrentOutput,
  recurrentWeights,
  stateMemory,
  variants,
} from "./recurrent.ts";
import { aZoneout, type ZoneoutConfig, zoneoutMemory, zones } from "./zoneout.ts";

export interface SimpleRnnConfig extends RecurrentConfig, ZoneoutConfig {}

export interface SimpleRnnLayer extends RecurrentLayer {
  readonly type: "simpleRNN";
  readonly zoneout: number;
}

const CELL = { cell: "simple_rnn_cell", gates: 1 };

const rates = ({ zoneout }: SimpleRnnLayer) => ({ zone: zoneout });

/** Elman's network, computed in assembly/rnn.ts. */
export const simpleRnnKind = {
  title: "SimpleRNN",
  baseName: "simple_rnn",
  reads: "numbers",
  options: { ...RECURRENT, zoneout: aZoneout } satisfies OptionTable<Omit<SimpleRnnLayer, "type">>,
  states: ({ units, goBackwards }) => ({
    units,
    seesAhead: goBackwards,
    kinds: { h: { title: "state", range: "signed", flows: true } },
  }),
  carried: ({ units }) => ({ h: units }),
  output: recurrentOutput,
  weights: (layer, x) => recurrentWeights(layer, x, CELL),
  memory(layer, x, use) {
    const flow = use.groupSize * x.T * padded(layer.units);
    return joinMemory(
      recurrentMemory(layer, x, use, CELL.gates),
      stateMemory(layer, use, "h"),
      {
        group: { ...(use.flow && { flow }) },
      },
      zoneoutMemory(layer, x.T, use, rates(layer)),
    );
  },
  ...variants<SimpleRnnLayer>(),
  gathers: (layer, use) => recurrentGathers(layer, use, CELL.gates),
  pass(layer, bound) {
    const at = asRead(layer, bound);
    const { k, use } = at;
    const frame = recurrentFrame(layer, at, CELL.gates, "simple_rnn_cell/recurrent_kernel");
    const { T, H, N, units, z, h, a, dh, dhState, u, e, uT, rows, stateRows } = frame;
    const { maskStep, maskSequence, m, hm, dm } = frame;
    const input = new Affine(
      at,
      { N, dropout: layer.dropout, stepsOver: true },
      { kernel: "simple_rnn_cell/kernel", bias: layer.useBias ? "simple_rnn_cell/bias" : null },
    );
    const flow = use.flow ? at.at("flow") : 0;
    const zoned = zones(at, frame, rates(layer));
    const zone = [zoned.addresses[0]!, zoned.step, zoned.sequence] as const;
    const carried = frame.carry({ h }, { h: dhState });
    const U = { rows: frame.before, gradient: at.weight("simple_rnn_cell/recurrent_kernel").gradient };
    return {
      y: frame.y,
      dy: frame.dy,
      states: frame.inOrder({ h: stateRows(h) }),
      final: carried.final,
      dInitial: carried.dInitial,
      gradients: flow ? frame.inOrder({ h: rows(flow, H) }) : {},
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
        const mask = frame.maskAt(group);
        k.rnnForward(z, h, u, e, a, group.count, T, H, units, mask, maskStep, maskSequence, m, hm, ...zone);
      },
      backward(group) {
        carried.beginBack(group);
        const mask = frame.maskAt(group);
        k.rnnBackward(
          z,
          h,
          dh,
          dhState,
          flow,
          uT,
          a,
          group.count,
          T,
          H,
          mask,
          maskStep,
          maskSequence,
          m,
          dm,
          ...zone,
        );
        input.backward(group, z, [U]);
      },
    };
  },
} satisfies LayerKind<SimpleRnnLayer>;

/** The simple recurrent layer: (B, T, I) → (B, T, units) or (B, units); tanh. */
export const simpleRNN = (config: SimpleRnnConfig): SimpleRnnLayer =>
  describeLayer("simpleRNN", simpleRnnKind.options, config);
