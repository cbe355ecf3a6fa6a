/** The layers of a plan bound to their places: what each reads, what begins with what, and where weights are. */
import { kindOf } from "../layers/index.ts";
import { type Gathered, type Group, type Pass, padded, type Rows, type Weight } from "../layers/kind.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { InputPlan, Plan } from "./plan.ts";
import { begins, originOf } from "./stack.ts";

/** Addresses of the batch's memory, of a thread's part of it, of the model's store of tokens, and of the weights. */
interface Places {
  readonly base: number;
  readonly own: number;
  readonly store: number;
  readonly weights: number;
}

/**
 * One thread's passes, bottom to top, and what each reads.
 *
 * @param kept of each layer the states that it begins with and keeps; none where it begins with zeros, or another's
 */
export function makePasses(
  k: Kernels,
  plan: Plan,
  { base, own, store, weights }: Places,
  kept: readonly Readonly<Record<string, Rows>>[],
): { readonly passes: Pass[]; readonly reads: Rows[] } {
  const { head, inputs, table, blocks, use } = plan;
  const { layers } = head;
  const passes: Pass[] = [];
  const reads: Rows[] = [];
  const specs = new Map(table.specs.map((spec) => [`${spec.layer}/${spec.path}`, spec]));
  const fed = inputs.values();
  const origins = layers.map((_, i) => originOf(layers, i));
  const named = new Set(origins);
  const heirs = layers.map((): Pass[] => []);
  for (const [stream, layer] of layers.entries()) {
    const below = begins(layers, stream) ? undefined : passes.at(-1)!;
    const isFirst = !below || layers[stream - 1]!.type === "input"; // and the gradient of data is nobody's
    const layerBlocks = blocks[stream]!;
    const origin = origins[stream];
    const initial = origin === undefined ? kept[stream]! : passes[origin]!.final!;
    const x = below?.y ?? inputRows(fed.next().value!, base, store);
    const pass = kindOf(layer).pass(layer, {
      k,
      use,
      stream,
      x,
      dx: use.backward && !isFirst ? below.dy : null,
      ...(Object.keys(initial).length > 0 && { initial }),
      ...(named.has(stream) && { heirs: heirs[stream]! }),
      weight(name): Weight {
        const spec = specs.get(`${stream}/${name}`)!; // the kind asked for it
        const place = (spec.offset - table.placesLength) * 4;
        const address = (offset: number) => weights + offset * 4;
        const { scales } = spec;
        return {
          address: address(spec.offset),
          gradient: ({ partial }) => partial + place,
          ...(scales?.kind === "multiplied" && {
            int8: { rows: address(scales.rows), columns: address(scales.columns) },
          }),
        };
      },
      at(name) {
        const { of, place } = layerBlocks[name]!;
        return { all: base, store, thread: own }[of] + place;
      },
    });
    passes.push(pass);
    reads.push(x);
    if (origin !== undefined) heirs[origin]!.push(pass);
  }
  return { passes, reads };
}

/** The samples of an input that were loaded. */
function inputRows(
  { signal, data, mask, masked, slots, ids, counts, tokens }: InputPlan,
  base: number,
  store: number,
): Rows {
  const { holds, T, width, gathered } = signal;
  const stride = holds === "ids" ? 1 : padded(width);
  const rows = {
    at: ({ first }: Pick<Group, "first">) => base + data + first * T * stride * 4,
    stride,
    sequence: T * stride,
    T,
    width,
    ...(masked && {
      mask: { at: ({ first }: Pick<Group, "first">) => base + mask + first * T * 4, stride: 1, sequence: T },
    }),
  };
  if (!gathered) return rows;
  const list: Gathered = {
    slots: ({ first }) => base + slots + first * T * 4,
    stride: 1,
    sequence: T,
    ids: (gathered.of === "model" ? store : base) + ids,
    counts: base + counts,
    most: tokens,
    of: gathered.of,
    table: 0, // the layer that reads the ids puts its own
  };
  return { ...rows, gathered: list };
}
