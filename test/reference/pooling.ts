import { windows } from "./conv1d.ts";
import type { ReferenceKind, ReferencePass, Signal } from "./kind.ts";

/** For each row that counts in a window, the share of the window's value, or of its gradient, that it has. */
type Shares = (values: readonly number[]) => readonly number[];

const mean: Shares = (values) => values.map(() => 1 / values.length);

/** TensorFlow's MaxPool: the first of the largest. */
const firstMax: Shares = (values) => {
  const place = values.indexOf(Math.max(...values));
  return values.map((_, i) => (i === place ? 1 : 0));
};

/** TensorFlow's reduce_max: the largest share the gradient. */
const allMax: Shares = (values) => {
  const most = Math.max(...values);
  const ties = values.filter((value) => value === most).length;
  return values.map((value) => (value === most ? 1 / ties : 0));
};

/**
 * One number of each window and feature: the sum of its rows, each by its share, of those rows that exist and are not
 * masked; 0 where there is none.
 */
function pool(
  { values: x, B, T, width, mask }: Signal,
  { count, first, size, strides }: { count: number; first: number; size: number; strides: number },
  shares: Shares,
): ReferencePass {
  const y = new Float64Array(B * count * width);
  const parts: (readonly [to: number, from: number, share: number])[] = [];
  for (let to = 0; to < y.length; to++) {
    const [j, t, b] = [to % width, Math.floor(to / width) % count, Math.floor(to / width / count)];
    const steps = Array.from({ length: size }, (_, k) => first + t * strides + k).filter(
      (s) => s >= 0 && s < T && mask?.[b * T + s] !== 0,
    );
    const places = steps.map((s) => (b * T + s) * width + j);
    shares(places.map((from) => x[from]!)).forEach((share, k) => {
      parts.push([to, places[k]!, share]);
    });
  }
  for (const [to, from, share] of parts) y[to]! += share * x[from]!;
  return {
    y: { values: y, B, T: count, width },
    backward(dy) {
      const dx = new Float64Array(x.length);
      for (const [to, from, share] of parts) dx[from]! += share * dy[to]!;
      return { dx, dweights: [] };
    },
  };
}

interface Pooling {
  readonly poolSize: number;
  readonly strides?: number;
  readonly padding: "valid" | "same";
}

/** Masks are no business of theirs: rows of padding count, as in Keras. */
const pooling = (shares: Shares): ReferenceKind<Pooling> => ({
  weights: () => [],
  forward({ poolSize: size, strides = size, padding }, _, { values, B, T, width }) {
    const shape = { size, strides, ...windows(T, { size, strides, padding }) };
    return pool({ values, B, T, width }, shape, shares);
  },
});

const globalPooling = (shares: Shares): ReferenceKind<object> => ({
  weights: () => [],
  forward: (_, __, x) => pool(x, { count: 1, first: 0, size: x.T, strides: x.T }, shares),
});

/** Keras's MaxPooling1D and AveragePooling1D. */
export const maxPoolingReference = pooling(firstMax);
export const averagePoolingReference = pooling(mean);

/** Keras's GlobalMaxPooling1D and GlobalAveragePooling1D. */
export const globalMaxPoolingReference = globalPooling(allMax);
export const globalAveragePoolingReference = globalPooling(mean);
