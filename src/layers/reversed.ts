import type { Group, Rows } from "./kind.ts";

/** The same rows from the last to the first. */
export function reversed(rows: Rows): Rows {
  const { gathered, mask, T, stride } = rows;
  return {
    ...rows,
    at: (group) => rows.at(group) + (T - 1) * stride * 4,
    stride: -stride,
    ...(mask && {
      mask: {
        ...mask,
        at: (group: Group) => mask.at(group) + (T - 1) * mask.stride * 4,
        stride: -mask.stride,
      },
    }),
    ...(gathered && {
      gathered: {
        ...gathered,
        slots: (group: Group) => gathered.slots(group) + (T - 1) * gathered.stride * 4,
        stride: -gathered.stride,
      },
    }),
  };
}
