import type { ReferenceKind } from "./kind.ts";

/** Keras's Masking: rows whose every number is maskValue are masked, and zeros from here on. */
export const maskingReference: ReferenceKind<{ readonly maskValue: number }> = {
  weights: () => [],
  forward({ maskValue }, _, { values, B, T, width }) {
    const mask = Uint8Array.from({ length: B * T }, (_, row) =>
      values.subarray(row * width, (row + 1) * width).some((value) => value !== maskValue) ? 1 : 0,
    );
    const shown = (all: Float64Array) => all.map((value, i) => value * mask[Math.floor(i / width)]!);
    return {
      y: { values: shown(values), B, T, width, mask },
      backward: (dy) => ({ dx: shown(dy), dweights: [] }),
    };
  },
};
