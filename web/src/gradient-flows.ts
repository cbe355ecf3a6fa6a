/** Gradients of the page's models, and what is kept of them over a training. */
import { type GradientFlow, lstm, type Model, simpleRNN } from "lstmkit";
import type { Split } from "lstmkit/data";
import { medianCurve } from "./gradient-statistics.ts";
import type { Cell, LiveModel } from "./page.ts";

/** Texts that a gradient is the median of. */
const SAMPLES = 32;

export const CELLS: readonly Cell[] = ["lstm", "rnn"];

/** One value for each step; null where there is nothing that a logarithm could show. */
export type Curve = readonly (number | null)[];

/** What a curve shows. */
export interface View {
  /** Of the recurrent layers, from 0. */
  readonly layer: number;
  readonly of: "dh" | "dc";
  /** As a share of what there is at the last step. */
  readonly isRelative: boolean;
}

/** The gradients of both cells before training, epoch 0, and after each epoch. */
export class GradientFlows {
  readonly #flows: Readonly<Record<Cell, Map<number, GradientFlow>>> = { lstm: new Map(), rnn: new Map() };
  readonly #curves = new WeakMap<GradientFlow, Map<string, Curve>>();

  add(cell: Cell, epoch: number, flow: GradientFlow): void {
    this.#flows[cell].set(epoch, flow);
  }

  /** Undefined before there is a flow. */
  get size(): { layers: number; samples: number; steps: number } | undefined {
    const [flow] = this.#all();
    if (!flow) return undefined;
    const [samples, steps] = flow.layers[0]!.dh!.shape as [number, number]; // both cells have it
    return { layers: flow.layers.length, samples, steps };
  }

  get lastEpoch(): number {
    return Math.max(0, ...CELLS.flatMap((cell) => [...this.#flows[cell].keys()]));
  }

  /** Undefined where that cell has no such epoch, or no such state. */
  curve(cell: Cell, epoch: number, view: View): Curve | undefined {
    const flow = this.#flows[cell].get(epoch);
    return flow && this.#curve(flow, view);
  }

  /** Of h and of c, of both cells, in every epoch. */
  everyCurve(view: Omit<View, "of">): Curve[] {
    return this.#all()
      .flatMap((flow) => (["dh", "dc"] as const).map((of) => this.#curve(flow, { ...view, of })))
      .filter((curve) => curve !== undefined);
  }

  #all(): GradientFlow[] {
    return CELLS.flatMap((cell) => [...this.#flows[cell].values()]);
  }

  #curve(flow: GradientFlow, { layer, of, isRelative }: View): Curve | undefined {
    const norms = flow.layers[layer]?.[of];
    if (!norms) return undefined;
    const known = this.#curves.get(flow) ?? new Map<string, Curve>();
    this.#curves.set(flow, known);
    const key = `${layer} ${of} ${isRelative}`;
    let curve = known.get(key);
    if (!curve) {
      const [samples, steps] = norms.shape as [number, number];
      curve = medianCurve(norms.data, samples, steps, isRelative);
      known.set(key, curve);
    }
    return curve;
  }
}

/** The gradient over the first texts of a sample. */
export function flowOf(model: Model, { x, y }: Split): Promise<GradientFlow> {
  const [rows, steps] = x.shape as [number, number];
  const samples = Math.min(rows, SAMPLES);
  return model.gradientFlow(
    { data: x.data.slice(0, samples * steps), shape: [samples, steps] },
    y.data.slice(0, samples),
  );
}

/** The same of a model that is made for it. */
export async function flowOfTwin(made: Promise<Model>, sample: Split): Promise<GradientFlow> {
  const twin = await made;
  try {
    return await flowOf(twin, sample);
  } finally {
    await twin.dispose();
  }
}

/** An untrained model like a given one, with the other cell in each recurrent layer. */
export async function untrainedOther({ kit, model }: LiveModel, cell: Cell): Promise<Model> {
  const make = cell === "lstm" ? lstm : simpleRNN;
  const other = await kit.sequential(
    model.layers.map((layer) => {
      if (layer.type !== "lstm" && layer.type !== "simpleRNN") return layer;
      const { units, dropout, returnSequences } = layer;
      return make({ units, dropout, returnSequences });
    }),
  );
  await other.compile({ loss: "binaryCrossentropy" });
  return other;
}
