/** Operations of a kernel's products, from its arguments: multiply-adds count as two, all else not at all. */

/** By the place of R among the arguments, before T and H, and how many gates of H columns U has. */
const CELLS: Readonly<Record<string, readonly [R: number, gates: number]>> = {
  lstmForward: [6, 4],
  lstmBackward: [9, 4],
  gruForward: [6, 3],
  gruBackward: [8, 3],
  gruBeforeForward: [5, 3],
  gruBeforeBackward: [7, 3],
  rnnForward: [4, 1],
  rnnBackward: [7, 1],
  peepholeLstmForward: [9, 4],
  peepholeLstmBackward: [13, 4],
  layerNormLstmForward: [15, 4],
  layerNormLstmBackward: [16, 4],
};

export function flopsOf(name: string, args: readonly number[]): number {
  if (name === "product") return 2 * args[7]! * args[8]! * args[9]!;
  const cell = CELLS[name];
  if (!cell) return 0;
  const [first, gates] = cell;
  return 2 * args[first]! * args[first + 1]! * gates * args[first + 2]! ** 2;
}
