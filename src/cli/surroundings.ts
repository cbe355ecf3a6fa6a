/**
 * What a command has around it: where its lines go, what stops it, where its input comes from. A process has its own
 * streams and signals; a thread that runs commands for a sweep is given others, one command at a time.
 */
import type { Runtime } from "../runtime.ts";

export interface Surroundings {
  /** Results, and lines for the person who watches. */
  out(text: string): void;
  err(text: string): void;
  /** In place of the process's signals. */
  readonly signal?: AbortSignal;
  /** In place of the standard input. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Told of each runtime, to close it where the process goes on. */
  opened?(runtime: Runtime): void;
}

let current: Surroundings = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

export const surroundings = (): Surroundings => current;

/** For the command that is run next. */
export function surroundBy(others: Surroundings): void {
  current = others;
}
