/** How the kernel mergeRows brings two rows together: its modes, as `assembly/merge.ts` numbers them. */
export const MODES = { sum: 0, mul: 1, ave: 2 } as const;

export const SUM = MODES.sum;
