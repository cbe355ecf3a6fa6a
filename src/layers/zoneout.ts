/**
 * Zoneout of a recurrent layer's states (Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden
 * Activations", 2016): what each unit keeps of what it was, drawn at every step where something is trained, else the
 * expectation. Computed in assembly/zoneout.ts.
 */
import type { Bound, Group, Memory, Use } from "./kind.ts";
import { padded } from "./kind.ts";
import { share } from "./options.ts";
import type { RecurrentFrame } from "./recurrent.ts";

/** Zoneout of states, as recurrent layers take it. */
export interface ZoneoutConfig {
  /**
   * The probability with which a unit keeps its state, drawn for every unit and step while training (Krueger et al.
   * 2016); where nothing is trained the new state is the mean, zoneout·h₋ + (1 - zoneout)·h. In [0, 1). Default 0.
   */
  zoneout?: number;
}

/** As an option. */
export const aZoneout = { ...share, fallback: 0 };

/** Whether there are draws: where something is trained. A use with `flow` looks at a model as it predicts. */
const draws = ({ backward, flow }: Use) => backward && !flow;

/** Memory of one row of k for each unit and step, or of one for all; of rates other than 0, by names. */
export const zoneoutMemory = (
  { units }: { readonly units: number },
  T: number,
  use: Use,
  rates: Readonly<Record<string, number>>,
): Memory => ({
  group: Object.fromEntries(
    Object.entries(rates)
      .filter(([, rate]) => rate > 0)
      .map(([name]) => [name, (draws(use) ? use.groupSize * T : 1) * padded(units)]),
  ),
});

/** Where k stands. */
export interface Zones {
  /** Of each rate, in their order; 0 where it is 0. */
  readonly addresses: readonly number[];
  /** From a step's row to the next, and from a sample's. */
  readonly step: number;
  readonly sequence: number;
  /** Before the cell's way there. */
  draw(group: Group): void;
}

/** @param rates of h and then of c, by the names of `zoneoutMemory` */
export function zones(
  at: Bound,
  { T, H, units, maskAt, maskStep, maskSequence }: RecurrentFrame,
  rates: Readonly<Record<string, number>>,
): Zones {
  const { k, use, stream } = at;
  const drawn = draws(use);
  const states = Object.entries(rates).map(([name, rate]) => ({ rate, zone: rate > 0 ? at.at(name) : 0 }));
  const [step, sequence] = drawn ? [H, T * H] : [0, 0];
  return {
    addresses: states.map(({ zone }) => zone),
    step,
    sequence,
    draw(group) {
      for (const [state, { rate, zone }] of states.entries()) {
        if (!zone) continue;
        if (!drawn) {
          k.zoneoutMean(zone, H, rate);
          continue;
        }
        const mask = maskAt(group);
        const { count, first, seed, batch, epoch } = group;
        for (let r = 0; r < count; r++) {
          const own = mask ? mask + r * maskSequence * 4 : 0;
          const to = zone + r * sequence * 4;
          k.zoneout(to, T, H, units, rate, seed, stream, state, first + r, batch, epoch, own, maskStep);
        }
      }
    },
  };
}
