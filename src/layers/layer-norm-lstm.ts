import { number, type OptionTable } from "../options.ts";
import { Affine } from "./affine.ts";
import { type Initializer, joinMemory, type LayerKind, padded, type Rows, type WeightSpec } from "./kind.ts";
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

export interface LayerNormLstmConfig extends GatedLstmConfig {
  /** Added to each variance. Default 0.001. */
  epsilon?: number;
  /** Of the three normalizations. Default `ones`. */
  gammaInitializer?: Initializer;
  /** Of the three normalizations. Default `zeros`. */
  betaInitializer?: Initializer;
}

export interface LayerNormLstmLayer extends GatedLstmLayer {
  readonly type: "layerNormLSTM";
  readonly epsilon: number;
  readonly gammaInitializer: Initializer;
  readonly betaInitializer: Initializer;
}

const CELL = { cell: "layer_norm_lstm_cell", gates: 4 };
const FORGET = 1;

/** γ and β of W·x, of U·h₋ and of c, by the names of TensorFlow Addons' LayerNormLSTMCell. */
function normWeights(layer: LayerNormLstmLayer): WeightSpec[] {
  const { units, gammaInitializer, betaInitializer } = layer;
  const norms = [
    { of: "kernel", blocks: CELL.gates },
    { of: "recurrent", blocks: CELL.gates },
    { of: "state", blocks: 1 },
  ];
  return norms.flatMap(({ of, blocks }) => {
    const name = `layer_norm_lstm_cell/${of}_norm`;
    const shape = [blocks * units];
    return [
      { name: `${name}/gamma`, shape, blocks, initializer: gammaInitializer },
      { name: `${name}/beta`, shape, blocks, initializer: betaInitializer },
    ];
  });
}

/**
 * The LSTM with layer normalization (Ba, Kiros, Hinton 2016); derived in docs/lstm-variants.md, computed in
 * assembly/layer-norm-lstm.ts.
 */
export const layerNormLstmKind = {
  title: "LayerNormLSTM",
  baseName: "layer_norm_lstm",
  reads: "numbers",
  options: {
    ...GATED_LSTM,
    epsilon: { ...number("above 0 and below 1", (n) => n > 0 && n < 1), fallback: 1e-3 },
    gammaInitializer: { ...anInitializer, fallback: "ones" },
    betaInitializer: { ...anInitializer, fallback: "zeros" },
  } satisfies OptionTable<Omit<LayerNormLstmLayer, "type">>,
  states: lstmKind.states,
  carried: lstmKind.carried,
  output: recurrentOutput,
  weights: (layer, x) => [
    ...forgetBias(layer, FORGET, recurrentWeights(layer, x, CELL)),
    ...normWeights(layer),
  ],
  memory(layer, x, use) {
    const { groupSize: R, backward, flow } = use;
    const H = padded(layer.units);
    const steps = R * x.T;
    return joinMemory(recurrentMemory(layer, x, use, CELL.gates), stateMemory(layer, use, "h", "c"), {
      group: {
        c: R * (x.T + 1) * H,
        tc: steps * H,
        ch: steps * H,
        sc: steps,
        v: steps * CELL.gates * H,
        sv: steps,
        xh: steps * CELL.gates * H,
        sx: steps,
        ...(backward && { dcState: R * H, sums: R * 6 * H }),
        ...(flow && { flow: steps * 2 * H }),
      },
    });
  },
  ...variants<LayerNormLstmLayer>(),
  gathers: (layer, use) => recurrentGathers(layer, use, CELL.gates),
  pass(layer, bound) {
    const at = asRead(layer, bound);
    const { k, use } = at;
    const { epsilon } = layer;
    const cell = (name: string) => at.weight(`layer_norm_lstm_cell/${name}`);
    const frame = recurrentFrame(layer, at, CELL.gates, "layer_norm_lstm_cell/recurrent_kernel");
    const { T, H, N, units, z, h, a, dh, dhState, u, e, uT, before, rows, stateRows } = frame;
    const { maskStep, maskSequence, m, hm, dm } = frame;
    const kernel = "layer_norm_lstm_cell/kernel";
    // All rows of z are normalized, so none is stepped over.
    const input = new Affine(at, { N, dropout: layer.dropout }, { kernel, bias: null });
    const [c, tc, ch, sc] = [at.at("c"), at.at("tc"), at.at("ch"), at.at("sc")];
    const [v, sv, xh, sx] = [at.at("v"), at.at("sv"), at.at("xh"), at.at("sx")];
    const [dcState, sums] = use.backward ? [at.at("dcState"), at.at("sums")] : [0, 0];
    const flow = use.flow ? at.at("flow") : 0;
    const carried = frame.carry({ h, c }, { h: dhState, c: dcState });
    const U = { rows: before, gradient: cell("recurrent_kernel").gradient };
    const bias = layer.useBias ? cell("bias") : null;
    const [gammaX, betaX] = [cell("kernel_norm/gamma"), cell("kernel_norm/beta")];
    const [gammaV, betaV] = [cell("recurrent_norm/gamma"), cell("recurrent_norm/beta")];
    const [gammaC, betaC] = [cell("state_norm/gamma"), cell("state_norm/beta")];
    const [gv, bv, gc, bc] = [gammaV.address, betaV.address, gammaC.address, betaC.address];
    const b = bias?.address ?? 0;
    /** Where in a row of sums the gradients are that the kernel adds up. */
    const summed = [
      { weight: gammaV, first: 0, width: N },
      { weight: gammaC, first: N, width: H },
      { weight: betaC, first: N + H, width: H },
    ];
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
      endShard(shard, partial) {
        input.endShard(shard, partial);
        // β of W·x, β of U·h₋ and the bias are added to one sum: their gradients are one.
        const dBeta = betaX.gradient({ partial });
        k.copyRows(betaV.gradient({ partial }), N, dBeta, N, N, 1);
        if (bias) k.copyRows(bias.gradient({ partial }), N, dBeta, N, N, 1);
      },
      forward(group) {
        const [R, mask] = [group.count, frame.maskAt(group)];
        carried.begin(group);
        frame.draw(group);
        input.forward(group, z);
        const x = [z, N, xh, sx, z, N, gammaX.address, betaX.address] as const;
        k.layerNormForward(...x, R * T, units, CELL.gates, epsilon);
        const norms = [v, sv, ch, sc, gv, bv, gc, bc, b] as const;
        const steps = [R, T, H, units, epsilon, mask, maskStep, maskSequence, m, hm] as const;
        k.layerNormLstmForward(z, c, h, tc, ...norms, u, e, a, ...steps);
      },
      backward(group) {
        const [R, mask] = [group.count, frame.maskAt(group)];
        carried.beginBack(group);
        const gradients = [dh, dhState, dcState, flow, sums] as const;
        const steps = [R, T, H, units, mask, maskStep, maskSequence, m, dm] as const;
        k.layerNormLstmBackward(z, v, c, tc, ch, sv, sc, ...gradients, gv, gc, uT, a, ...steps);
        for (const { weight, first, width } of summed) {
          // Each sequence has added up its own: they go on in one chain, whatever the size of a group.
          const sum = weight.gradient(group);
          k.mergeRows(sum, 0, sum, 0, sums + first * 4, 6 * H, width, R, SUM);
        }
        const [dGamma, dBeta] = [gammaX.gradient(group), betaX.gradient(group)];
        k.layerNormBackward(z, N, dGamma, dBeta, z, N, xh, sx, gammaX.address, R * T, units, CELL.gates);
        input.backward(group, z);
        input.addGradients(group, v, 0, [U]);
      },
    };
  },
} satisfies LayerKind<LayerNormLstmLayer>;

/**
 * Long short-term memory with layer normalization: (B, T, I) → (B, T, units) or (B, units). x·W and h₋·U are each
 * brought to mean 0 and variance 1 over units and gates before they are added, and the cell over units before it
 * shows; each has a gain and an offset a column. The cell that is carried is not normalized, as in the paper.
 * TensorFlow Addons' LayerNormLSTMCell has these weights, and carries the normalized cell.
 *
 * Ba, Kiros, Hinton: Layer normalization. arXiv:1607.06450, 2016.
 *
 * @throws BAD_LAYER
 */
export const layerNormLSTM = (config: LayerNormLstmConfig): LayerNormLstmLayer =>
  describeLayer("layerNormLSTM", layerNormLstmKind.options, config);
