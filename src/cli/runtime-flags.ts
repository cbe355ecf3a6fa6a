import type { Command } from "cac";
import type { RuntimeOptions } from "../runtime.ts";
import type { Arguments } from "./arguments.ts";

/** The flags of every command that computes at length. */
export function declareRuntimeFlags(command: Command): Command {
  return command
    .option("--threads <n>", "Threads, or auto for one a processor; they change no result", {
      default: "auto",
    })
    .option("--math <kind>", "strict: the same bytes everywhere; relaxed: faster, other bits", {
      default: "strict",
    });
}

/** @throws UsageError */
export function readRuntimeFlags(args: Arguments): RuntimeOptions {
  const math = args.choice("math", ["strict", "relaxed"]);
  return { math, threads: args.text("threads") === "auto" ? "auto" : args.wholeNumber("threads", 1, 64) };
}
