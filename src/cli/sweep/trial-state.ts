/** The state of a trial as bytes: a line of JSON, and the checkpoint behind it. */
import { JsonError, parseJson } from "../../json.ts";
import type { TrialState } from "./jobs.ts";

export function encodeState({ epochs, checkpoint }: TrialState): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ epochs })}\n`), checkpoint ?? Buffer.alloc(0)]);
}

/** Null for nothing, and for what is no state: the trial begins anew then, and comes to the same end. */
export function decodeState(bytes: Uint8Array | null): TrialState | null {
  if (!bytes) return null;
  const end = bytes.indexOf(10);
  if (end < 0) return null;
  try {
    const { epochs } = Object(
      parseJson(new TextDecoder().decode(bytes.subarray(0, end))),
    ) as Partial<TrialState>;
    if (typeof epochs !== "object" || epochs === null) return null;
    const checkpoint = bytes.slice(end + 1);
    return { epochs, checkpoint: checkpoint.length > 0 ? checkpoint : null };
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}
