import { LstmkitError } from "../errors.ts";
import { type OptionTable, oneOf } from "../options.ts";
import {
  type AnyLayer,
  type Bound,
  type Group,
  type LayerKind,
  type Memory,
  maskAs,
  type Pass,
  padded,
  type Rows,
  type Signal,
  type Sizes,
  type StateKind,
} from "./kind.ts";
import { MODES } from "./merge-modes.ts";
import { COMMON, describeLayer, sequenceShape } from "./options.ts";
import { type AnyRecurrentLayer, RECURRENT_KINDS } from "./recurrent-kinds.ts";
import { reversed } from "./reversed.ts";

/** How the outputs of the two directions become one. */
export type MergeMode = "concat" | "sum" | "mul" | "ave";

/** Options of `bidirectional()`. */
export interface BidirectionalConfig {
  /** The recurrent layer that reads in both directions, each with weights of its own. */
  layer: AnyRecurrentLayer;
  /** Default `concat`. */
  mergeMode?: MergeMode;
  /** For a first layer that is fed with numbers: [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `bidirectional`, `bidirectional_1`, … */
  name?: string;
}

export interface BidirectionalLayer extends AnyLayer {
  readonly type: "bidirectional";
  readonly layer: AnyRecurrentLayer;
  readonly mergeMode: MergeMode;
}

const SIDES = ["forward", "backward"] as const;

/** The backward child's random numbers: other than those of any layer by itself. */
const STREAM = 0x8000;

const kindOf = ({ type }: AnyRecurrentLayer) => RECURRENT_KINDS[type] as LayerKind<AnyRecurrentLayer>;

const childName = ({ layer }: BidirectionalLayer, side: string) =>
  `${side}_${layer.name || kindOf(layer).baseName}`;

/** What both children carry: their sides are behind the names, as in those of their states. */
const bySide = <V>(of: (i: number) => Readonly<Record<string, V>>): Record<string, V> =>
  Object.fromEntries(
    SIDES.flatMap((side, i) => Object.entries(of(i)).map(([name, value]) => [`${name}_${side}`, value])),
  );

/** One child's, under its own names. */
const ofSide = <V>(all: Readonly<Record<string, V>>, side: string): Record<string, V> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      name.endsWith(`_${side}`) ? [[name.slice(0, -side.length - 1), value]] : [],
    ),
  );

/** The blocks of both children; scratch, which neither keeps, once. */
const both = (sizes: Sizes = {}): Sizes =>
  Object.fromEntries(
    SIDES.flatMap((side) => Object.entries(sizes).map(([name, size]) => [`${side}/${name}`, size])),
  );

/**
 * A recurrent layer that reads from the first step to the last beside one that reads from the last to the first
 * (Schuster and Paliwal 1997). No kernel knows of it: the second is bound to x read from its end.
 */
export const bidirectionalKind = {
  title: "Bidirectional",
  baseName: "bidirectional",
  reads: "numbers",
  options: {
    layer: {
      wanted: `a recurrent layer: ${Object.keys(RECURRENT_KINDS).join(", ")}`,
      accepts: (value: unknown) =>
        typeof value === "object" &&
        value !== null &&
        Object.hasOwn(RECURRENT_KINDS, String((value as { type?: unknown }).type)),
    },
    mergeMode: { ...oneOf("concat", ...Object.keys(MODES)), fallback: "concat" },
    ...COMMON,
    inputShape: sequenceShape,
  } satisfies OptionTable<Omit<BidirectionalLayer, "type">>,
  complete: (layer) => ({
    ...layer,
    layer: describeLayer<AnyRecurrentLayer>(layer.layer.type, kindOf(layer.layer).options, layer.layer),
  }),
  states({ layer }) {
    const { units, kinds } = kindOf(layer).states!(layer); // every recurrent kind has some
    const sided = SIDES.flatMap((side) =>
      Object.entries(kinds).map(([name, state]) => [`${name}_${side}`, state] as const),
    );
    return {
      units,
      seesAhead: true,
      kinds: Object.fromEntries(sided) as Record<`${string}_${(typeof SIDES)[number]}`, StateKind>,
    };
  },
  carried: ({ layer }) => bySide(() => kindOf(layer).carried!(layer)),
  output({ layer, mergeMode }, x) {
    if (layer.inputShape) {
      throw new LstmkitError(
        "BAD_LAYER",
        "the layer within a bidirectional has an inputShape; give it to the bidirectional.",
      );
    }
    if (layer.initialState !== undefined) {
      throw new LstmkitError(
        "BAD_LAYER",
        "the layer within a bidirectional has an initialState; only a recurrent layer by itself takes one.",
      );
    }
    if (layer.goBackwards) {
      throw new LstmkitError(
        "BAD_LAYER",
        "the layer within a bidirectional has goBackwards: true; a bidirectional reads in both directions by itself, so drop it.",
      );
    }
    const y = kindOf(layer).output(layer, x);
    return { ...y, width: mergeMode === "concat" ? 2 * y.width : y.width };
  },
  weights: (own, x) =>
    SIDES.flatMap((side) =>
      kindOf(own.layer)
        .weights(own.layer, x)
        .map(({ meets, ...spec }) => ({
          ...spec,
          name: `${childName(own, side)}/${spec.name}`,
          ...(meets !== undefined && { meets: meets === "x" ? meets : `${meets}_${side}` }),
        })),
    ),
  memory({ layer, mergeMode }, x, use): Memory {
    const { prepared, store, batch, group, scratch, state } = kindOf(layer).memory(layer, x, use);
    const rows = use.groupSize * (layer.returnSequences ? x.T : 1);
    const y = rows * padded(mergeMode === "concat" ? 2 * layer.units : layer.units);
    return {
      prepared: both(prepared),
      store: both(store),
      batch: both(batch),
      group: { ...both(group), y, ...(use.backward && { dy: y, dx: use.groupSize * x.T * padded(x.width) }) },
      scratch: scratch ?? {},
      ...(state && { state: bySide(() => state) }),
    };
  },
  everyStep: (own) => ({ ...own, layer: kindOf(own.layer).everyStep!(own.layer) }),
  withoutDropout: (own) => ({ ...own, layer: kindOf(own.layer).withoutDropout!(own.layer) }),
  stateful: ({ layer }) => kindOf(layer).stateful!(layer),
  gathers: ({ layer }, use) => 2 * (kindOf(layer).gathers?.(layer, use) ?? 0),
  pass(own, at) {
    const { k, x, dx, use } = at;
    const { layer, mergeMode } = own;
    const T = layer.returnSequences ? x.T : 1;
    const width = mergeMode === "concat" ? 2 * layer.units : layer.units;
    const ld = padded(width);
    const rows = (address: number): Rows => ({ at: () => address, stride: ld, sequence: T * ld, T, width });
    const y: Rows = { ...rows(at.at("y")), ...(layer.returnSequences && maskAs(x)) };
    const dy = rows(use.backward ? at.at("dy") : 0);
    const N = padded(x.width);
    /** The second child's gradient of x, to be added to the first's. */
    const second = use.backward ? at.at("dx") : 0;
    const dxSecond: Rows = { at: () => second, stride: N, sequence: x.T * N, T: x.T, width: x.width };
    const [ahead, back] = SIDES.map((side, i) =>
      kindOf(layer).pass(layer, {
        ...childBound(own, at, side),
        stream: at.stream + i * STREAM,
        x: i === 0 ? x : reversed(x),
        dx: dx && (i === 0 ? dx : reversed(dxSecond)),
        ...(at.initial && { initial: ofSide(at.initial, side) }),
      }),
    ) as [Pass, Pass];
    const children = [ahead, back];
    /** Rows of the second child in the order of x's steps. */
    const facing = (child: Rows, i: number) => (i === 1 && layer.returnSequences ? reversed(child) : child);

    /** As Keras has it, of masked steps the output is 0, and nothing goes back from there. */
    const clearMasked = (group: Group, own: Rows) => {
      const { mask } = y;
      if (!mask) return;
      for (let r = 0; r < group.count; r++) {
        const address = own.at(group) + r * own.sequence * 4;
        k.clearMasked(address, ld, mask.at(group) + r * mask.sequence * 4, mask.stride, T);
      }
    };

    /** Every sample's rows of the children's outputs and of ours. */
    const eachSample = (group: Group, work: (of: (rows: Rows, i?: number) => [number, number]) => void) => {
      for (let r = 0; r < group.count; r++) {
        work((all, i = 0) => {
          const seen = facing(all, i);
          return [seen.at(group) + r * seen.sequence * 4, seen.stride];
        });
      }
    };
    return {
      y,
      dy,
      final: bySide((i) => children[i]!.final!),
      states: sided(children.map(({ states = {} }) => states)),
      gradients: sided(children.map(({ gradients = {} }) => gradients)),
      prepare(part, parts) {
        for (const child of children) child.prepare?.(part, parts);
      },
      project(from, count) {
        for (const child of children) child.project?.(from, count);
      },
      beginShard(shard) {
        for (const child of children) child.beginShard?.(shard);
      },
      endShard(shard, partial) {
        for (const child of children) child.endShard?.(shard, partial);
      },
      forward(group) {
        for (const child of children) child.forward(group);
        eachSample(group, (of) => {
          const [to, stride] = of(y);
          if (mergeMode === "concat") {
            for (const [i, child] of children.entries()) {
              k.copyRows(to + i * layer.units * 4, stride, ...of(child.y, i), layer.units, T);
            }
          } else k.mergeRows(to, stride, ...of(ahead.y), ...of(back.y, 1), ld, T, MODES[mergeMode]);
        });
        clearMasked(group, y);
      },
      backward(group) {
        clearMasked(group, dy);
        eachSample(group, (of) => {
          const [from, stride] = of(dy);
          if (mergeMode === "concat") {
            for (const [i, child] of children.entries()) {
              k.copyRows(...of(child.dy, i), from + i * layer.units * 4, stride, layer.units, T);
            }
          } else {
            const [a, b] = [of(ahead.y), of(back.y, 1)];
            k.mergeRowsBackward(
              ...of(ahead.dy),
              ...of(back.dy, 1),
              from,
              stride,
              ...a,
              ...b,
              ld,
              T,
              MODES[mergeMode],
            );
          }
        });
        for (const child of children) child.backward(group);
        if (!dx) return;
        for (let r = 0; r < group.count; r++) {
          const to = dx.at(group) + r * dx.sequence * 4;
          k.mergeRows(to, dx.stride, to, dx.stride, second + r * x.T * N * 4, N, N, x.T, MODES.sum);
        }
      },
    };
  },
} satisfies LayerKind<BidirectionalLayer>;

/** A child's weights and blocks under its own names. */
function childBound(own: BidirectionalLayer, at: Bound, side: string): Bound {
  const { layer } = own;
  const { T, width, gathered, mask } = at.x;
  const x: Signal & { T: number } = {
    holds: "numbers",
    sequence: true,
    T,
    width,
    ...(mask && { masked: true as const }),
    ...(gathered && { gathered: { most: gathered.most, of: gathered.of } }),
  };
  const { scratch = {} } = kindOf(layer).memory(layer, x, at.use);
  return {
    ...at,
    weight: (name) => at.weight(`${childName(own, side)}/${name}`),
    at: (name) => at.at(Object.hasOwn(scratch, name) ? name : `${side}/${name}`),
  };
}

/** States of both, with their sides behind their names, in the order of x's steps. */
function sided(tables: readonly Readonly<Record<string, Rows>>[]): Record<string, Rows> {
  return Object.fromEntries(
    tables.flatMap((table, i) =>
      Object.entries(table).map(([name, rows]) => [`${name}_${SIDES[i]!}`, i === 0 ? rows : reversed(rows)]),
    ),
  );
}

/** A recurrent layer in both directions: (B, T, I) → (B, T, 2·units) or (B, 2·units), or units but for `concat`. */
export const bidirectional = (config: BidirectionalConfig): BidirectionalLayer =>
  describeLayer("bidirectional", bidirectionalKind.options, config);
