import type { Command } from "cac";
import { createRuntime } from "../node.ts";
import type { Runtime, RuntimeOptions } from "../runtime.ts";
import type { Arguments } from "./arguments.ts";
import { warn } from "./print.ts";
import { autoThreads, withRanks } from "./ranks.ts";
import { surroundings } from "./surroundings.ts";

/** The flags of every command that computes at length. */
export function declareRuntimeFlags(command: Command): Command {
  return command
    .option("--threads <n>", "Threads, or auto for one a processor; they change no result", {
      default: "auto",
    })
    .option("--math <kind>", "strict: the same bytes everywhere; relaxed: faster, other bits", {
      default: "strict",
    })
    .option("--vectors <bits>", "256 where Node has them, 128, or auto: 256 where V8's flag is on already", {
      default: 256,
    });
}

/** @throws UsageError */
export function readRuntimeFlags(args: Arguments): RuntimeOptions {
  const math = args.choice("math", ["strict", "relaxed"]);
  const vectors = VECTORS[args.choice("vectors", ["128", "256", "auto"])];
  const threads = args.text("threads") === "auto" ? "auto" : args.wholeNumber("threads", 1, 64);
  return { math, threads, vectors };
}

const VECTORS = { "128": 128, "256": 256, auto: "auto" } as const;

/**
 * The runtime of a command, with a line about 256 bits that were asked for and are not had. That they are not by default
 * is nothing to tell.
 */
export async function openRuntime(args: Arguments, options: RuntimeOptions): Promise<Runtime> {
  const runtime = await createRuntime(
    options.threads === "auto" ? { ...options, threads: autoThreads() } : options,
  );
  surroundings().opened?.(runtime);
  const { vectors, vectorsReason } = await runtime.info();
  if (args.has("vectors") && args.text("vectors") === "256" && vectors === 128) {
    warn(`The vectors have 128 bits: ${vectorsReason}.`);
  }
  return withRanks(runtime);
}
