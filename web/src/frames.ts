/** Drawings, one a frame: what several parts of the page draw at the same time would be felt together. */

const waiting: (() => void)[] = [];

/** Draw in a frame of its own, after those that were asked for before. */
export function inItsFrame(draw: () => void): void {
  if (waiting.push(draw) === 1) requestAnimationFrame(drawNext);
}

function drawNext(): void {
  const draw = waiting.shift();
  if (waiting.length > 0) requestAnimationFrame(drawNext);
  draw?.();
}
