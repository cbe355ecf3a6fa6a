import { LstmkitError } from "../../src/errors.ts";
import type { Target } from "./targets.ts";

/** ms that a parser may take for a file of less than 2 MB; a larger one has in proportion. */
const LONGEST = 2000;
const LONGEST_MESSAGE = 1000;

/** What a parser made of a file. */
export interface Outcome {
  /** Whether it gave a value; else it refused. */
  readonly isValue: boolean;
  /** What must not be: another error than a coded one, an endless message, too much time. */
  readonly fault: string | null;
  readonly ms: number;
}

/** Runs the parser. What takes too long is run again: another program may have had the processor. */
export async function outcomeOf(target: Target, bytes: Uint8Array, longest = LONGEST): Promise<Outcome> {
  const most = longest * Math.max(1, bytes.length / 2 ** 21);
  let outcome = await once(target, bytes);
  for (let again = 0; again < 2 && outcome.ms > most; again++) {
    const next = await once(target, bytes);
    if (next.ms < outcome.ms) outcome = next;
  }
  if (outcome.fault === null && outcome.ms > most) {
    return { ...outcome, fault: `took ${outcome.ms.toFixed(0)} ms for ${bytes.length} bytes` };
  }
  return outcome;
}

async function once(target: Target, bytes: Uint8Array): Promise<Outcome> {
  const start = performance.now();
  try {
    await target.parse(bytes);
    return { isValue: true, fault: null, ms: performance.now() - start };
  } catch (error) {
    return { isValue: false, fault: faultOf(error), ms: performance.now() - start };
  }
}

function faultOf(error: unknown): string | null {
  if (!(error instanceof LstmkitError))
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  const { length } = error.message;
  return length > LONGEST_MESSAGE ? `${error.code} with a message of ${length} characters` : null;
}
