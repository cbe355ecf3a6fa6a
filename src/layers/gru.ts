import { type OptionTable, trueOrFalse } from "../options.ts";
import { Affine, type Operand } from "./affine.ts";
import { joinMemory, type LayerKind, padded, type Rows } from "./kind.ts";
import { describeLayer, onlyValue } from "./options.ts";
import { packPartTransposed, packWeight } from "./panels.ts";
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

export interface GruConfig extends RecurrentConfig, ZoneoutConfig {
  /** What the gates pass through. Only `sigmoid`, the default. */
  recurrentActivation?: "sigmoid";
  /** The reset gate acts on h₋·U, which has a bias of its own (Keras's default), not on h₋. Default true. */
  resetAfter?: boolean;
}

export interface GruLayer extends RecurrentLayer {
  readonly type: "gru";
  readonly recurrentActivation: "sigmoid";
  readonly resetAfter: boolean;
  readonly zoneout: number;
}

const CELL = { cell: "gru_cell", gates: 3 };

const rates = ({ zoneout }: GruLayer) => ({ zone: zoneout });

/** Gated recurrent unit (Cho et al. 2014); derived in docs/gru.md, computed in assembly/gru.ts. */
export const gruKind = {
  title: "GRU",
  baseName: "gru",
  reads: "numbers",
  options: {
    ...RECURRENT,
    recurrentActivation: { ...onlyValue("sigmoid", "the kernels have no other yet"), fallback: "sigmoid" },
    resetAfter: { ...trueOrFalse, fallback: true },
    zoneout: aZoneout,
  } satisfies OptionTable<Omit<GruLayer, "type">>,
  states: ({ units, goBackwards }) => ({
    units,
    seesAhead: goBackwards,
    kinds: {
      u: { title: "update gate", range: "gate" },
      r: { title: "reset gate", range: "gate" },
      g: { title: "candidate", range: "signed" },
      h: { title: "state", range: "signed", flows: true },
    },
  }),
  carried: ({ units }) => ({ h: units }),
  output: recurrentOutput,
  weights: (layer, x) =>
    recurrentWeights(layer, x, CELL).map((spec) =>
      spec.name === "gru_cell/bias" && layer.resetAfter ? { ...spec, shape: [2, ...spec.shape] } : spec,
    ),
  memory(layer, x, use) {
    const H = padded(layer.units);
    const rows = use.groupSize * x.T;
    return joinMemory(
      recurrentMemory(layer, x, use, CELL.gates),
      stateMemory(layer, use, "h"),
      {
        group: {
          ...(layer.resetAfter ? { v: rows * CELL.gates * H } : { rh: rows * H }),
          ...(use.flow && { flow: rows * H }),
        },
      },
      zoneoutMemory(layer, x.T, use, rates(layer)),
    );
  },
  ...variants<GruLayer>(),
  gathers: (layer, use) => recurrentGathers(layer, use, CELL.gates),
  pass(layer, bound) {
    const at = asRead(layer, bound);
    const { k, use } = at;
    const { resetAfter, useBias } = layer;
    const frame = recurrentFrame(layer, at, CELL.gates, "gru_cell/recurrent_kernel");
    const { T, H, N, units, z, h, a, dh, dhState, u, e, uT, before, rows, stateRows } = frame;
    const { maskStep, maskSequence, m, hm, dm } = frame;
    const bias = useBias ? "gru_cell/bias" : null;
    const input = new Affine(
      at,
      { N, dropout: layer.dropout, stepsOver: true },
      { kernel: "gru_cell/kernel", bias },
    );
    const flow = use.flow ? at.at("flow") : 0;
    const U = at.weight("gru_cell/recurrent_kernel");
    const b = bias === null ? null : at.weight(bias);
    /** Behind the first row of the bias, for x·W, lies that for h₋·U. */
    const second = N * 4;
    const v = resetAfter ? at.at("v") : 0;
    const rh = resetAfter ? 0 : at.at("rh");
    const zoned = zones(at, frame, rates(layer));
    const zone = [zoned.addresses[0]!, zoned.step, zoned.sequence] as const;
    const carried = frame.carry({ h }, { h: dhState });
    const gate = (index: number): Rows => rows(z + index * H * 4, N);
    const shared = {
      y: frame.y,
      dy: frame.dy,
      states: frame.inOrder({ u: gate(0), r: gate(1), g: gate(2), h: stateRows(h) }),
      final: carried.final,
      dInitial: carried.dInitial,
      gradients: flow ? frame.inOrder({ h: rows(flow, H) }) : {},
      project: (from: number, count: number) => input.project(from, count),
      beginShard: (shard: number) => input.beginShard(shard),
      endShard: (shard: number, partial: number) => input.endShard(shard, partial),
    };
    if (resetAfter) {
      const operand: Operand = { rows: before, gradient: U.gradient };
      return {
        ...shared,
        prepare(part, parts) {
          input.prepare(part, parts);
          frame.prepare(part, parts);
        },
        forward(group) {
          carried.begin(group);
          frame.draw(group);
          zoned.draw(group);
          input.forward(group, z);
          const bv = b ? b.address + second : 0;
          const mask = frame.maskAt(group);
          const R = group.count;
          k.gruForward(z, v, h, bv, u, e, a, R, T, H, units, mask, maskStep, maskSequence, m, hm, ...zone);
        },
        backward(group) {
          carried.beginBack(group);
          const mask = frame.maskAt(group);
          const R = group.count;
          k.gruBackward(
            z,
            v,
            h,
            dh,
            dhState,
            flow,
            uT,
            a,
            R,
            T,
            H,
            mask,
            maskStep,
            maskSequence,
            m,
            dm,
            ...zone,
          );
          input.backward(group, z);
          input.addGradients(group, v, b ? b.gradient(group) + second : 0, [operand]);
        },
      };
    }
    // The gates' part of U meets h₋, the candidate's r·h₋: they are packed, and get their gradients, apart.
    const gates = 2 * H;
    const operands: Operand[] = [
      { rows: before, gradient: U.gradient, columns: [0, gates] },
      { rows: rows(rh, H), gradient: U.gradient, columns: [gates, H] },
    ];
    return {
      ...shared,
      prepare(part, parts) {
        input.prepare(part, parts);
        packWeight(k, u, U, units, N, part, parts);
        if (!use.backward) return;
        packPartTransposed(k, uT, U.address, units, gates, part, parts, N);
        packPartTransposed(k, uT + gates * H * 4, U.address + gates * 4, units, H, part, parts, N);
      },
      forward(group) {
        carried.begin(group);
        frame.draw(group);
        zoned.draw(group);
        input.forward(group, z);
        const mask = frame.maskAt(group);
        const R = group.count;
        k.gruBeforeForward(z, h, rh, u, e, a, R, T, H, units, mask, maskStep, maskSequence, m, hm, ...zone);
      },
      backward(group) {
        carried.beginBack(group);
        const mask = frame.maskAt(group);
        const R = group.count;
        k.gruBeforeBackward(
          z,
          h,
          dh,
          dhState,
          flow,
          uT,
          a,
          R,
          T,
          H,
          mask,
          maskStep,
          maskSequence,
          m,
          hm,
          dm,
          ...zone,
        );
        input.backward(group, z, operands);
      },
    };
  },
} satisfies LayerKind<GruLayer>;

/**
 * Gated recurrent unit: (B, T, I) → (B, T, units) or (B, units). Gates are sigmoid, the candidate tanh, as in
 * Keras's default.
 */
export const gru = (config: GruConfig): GruLayer => describeLayer("gru", gruKind.options, config);
