/** More do not help a batch of the usual size. */
const MOST = 8;

/** So many threads as the machine has processors, within reason; one where memory cannot be shared. */
export function usualThreads(): number {
  if (!crossOriginIsolated) return 1;
  return Math.min(navigator.hardwareConcurrency || 1, MOST);
}
