import type { Runtime } from "../runtime.ts";

/** What a demo is given. */
export interface DemoRun {
  readonly kit: Runtime;
  readonly seed: number;
  /** At most; what is usual where it is left out. */
  readonly epochs: { readonly epochs?: number };
  /** Where the model goes; null for nowhere. */
  readonly out: string | null;
  readonly isJson: boolean;
  readonly signal: AbortSignal;
}
