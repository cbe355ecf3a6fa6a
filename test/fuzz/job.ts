/** What the two threads of the fuzzer tell each other. */

/** What the thread works on. */
export interface Job {
  readonly target: string;
  readonly seed: number;
  readonly ms: number;
  /** int32: inputs tried, values among them, length of the input that is being tried; then its bytes. */
  readonly state: SharedArrayBuffer;
}

export const STATE = { tried: 0, values: 1, length: 2, bytes: 16 } as const;

/** What it says: a fault, or that it is done. */
export type Report =
  | { readonly fault: string; readonly bytes: Uint8Array }
  | { readonly slowest: number; readonly slowestSize: number; readonly peak: number };
