import type { Runtime } from "../runtime.ts";

/** What a demo is given. */
export interface DemoRun {
  readonly kit: Runtime;
  readonly seed: number;
  /** Where the model goes; null for nowhere. */
  readonly out: string | null;
  readonly isJson: boolean;
  readonly signal: AbortSignal;
}
