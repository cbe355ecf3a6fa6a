/**
 * The states that a recurrent layer carries from step to step, at the two ends of a sequence: what it begins with, what
 * it ends with, and how the gradients of both go from layer to layer. The same for every cell.
 */
import type { Kernels } from "../wasm/kernels.ts";
import { type Bound, type Group, type Pass, padded, type Rows } from "./kind.ts";
import { SUM } from "./merge-modes.ts";

/** What a pass makes of the states that go from step to step. */
export interface Carried {
  /** `Pass.final` and `Pass.dInitial`. */
  readonly final: Readonly<Record<string, Rows>>;
  readonly dInitial: Readonly<Record<string, Rows>>;
  /** Put `Bound.initial` before the first step; where there is none, zeros stand there. */
  begin(group: Group): void;
  /** Before the cell goes back: what comes from beyond the last step, which is what heirs leave, and nothing else. */
  beginBack(group: Group): void;
}

/** Of a cell: how many, over how many steps. */
interface States {
  readonly units: number;
  readonly T: number;
  /** Address of that gradient which the reader of the last output has written; 0 where outputs of all steps are read. */
  readonly readsLast: number;
}

/**
 * @param blocks addresses of (R, T+1, H) each
 * @param gradients addresses of (R, H) each, for the states after the last step and then before the first
 */
export function carriedStates(
  { k, initial = {}, heirs }: Pick<Bound, "k" | "initial" | "heirs">,
  { units, T, readsLast }: States,
  blocks: Readonly<Record<string, number>>,
  gradients: Readonly<Record<string, number>>,
): Carried {
  const H = padded(units);
  const sequence = (T + 1) * H;
  const each = (addresses: typeof blocks, of: (address: number) => Rows) =>
    Object.fromEntries(Object.entries(addresses).map(([name, address]) => [name, of(address)]));
  const single = (address: number, distance: number): Rows => ({
    at: () => address,
    stride: H,
    sequence: distance,
    T: 1,
    width: units,
  });
  const starts = Object.entries(initial).map(([name, from]) => ({ from, to: blocks[name]! }));
  const ends = Object.entries(gradients);
  return {
    final: each(blocks, (block) => single(block + T * H * 4, sequence)),
    dInitial: each(gradients, (address) => single(address, H)),
    begin(group) {
      for (const { from, to } of starts) {
        k.copyRows(to, sequence, from.at(group), from.sequence, units, group.count);
      }
    },
    beginBack(group) {
      for (const [, to] of ends) if (to !== readsLast) k.clear(to, group.count * H);
      if (heirs) addInherited(k, heirs, ends, H, group);
    },
  };
}

/** What reaches the last states, (R, H) each, of the passes that begin with them. */
function addInherited(
  k: Kernels,
  heirs: readonly Pass[],
  ends: readonly (readonly [name: string, gradient: number])[],
  H: number,
  group: Group,
): void {
  for (const { dInitial } of heirs) {
    for (const [name, to] of ends) {
      const from = dInitial![name]!; // who inherits has the same states
      k.mergeRows(to, H, to, H, from.at(group), from.sequence, H, group.count, SUM);
    }
  }
}
