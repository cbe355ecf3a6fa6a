import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command as it is published; `npm run build` makes it. */
const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** What a run of the command ended with. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An event of --json. */
export type Event = Record<string, unknown> & { readonly event: string };

/** A folder of its own for a test file, with the command run in it. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), "lstmkit-cli-"));

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content);
  }

  start(...args: string[]): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [CLI, ...args], { cwd: this.folder });
  }

  run(args: readonly string[], input: string | Uint8Array = ""): Promise<Outcome> {
    const child = this.start(...args);
    child.stdin.on("error", () => {}); // the command may end before it has read its input
    child.stdin.end(input);
    return outcome(child);
  }

  /** With a file, by its number, as standard input. */
  runOn(input: number, ...args: string[]): { status: number | null; stderr: string } {
    return spawnSync(process.execPath, [CLI, ...args], {
      cwd: this.folder,
      stdio: [input, "pipe", "pipe"],
      encoding: "utf8",
    });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export function outcome(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

export function events(stdout: string): Event[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);
}

const GOOD = ["good", "fine", "lovely", "great"];
const BAD = ["bad", "awful", "dull", "poor"];

/** Forty short reviews that are told apart by a word. */
export const REVIEWS = [
  "review,sentiment",
  ...Array.from({ length: 20 }, (_, i) => [
    `"A ${GOOD[i % 4]} film, number ${i}",positive`,
    `"A ${BAD[i % 4]} film, number ${i}",negative`,
  ]).flat(),
].join("\n");

/** Flags of a job that takes a moment. */
export const SMALL = "--epochs 1 --units 8 --embedding 8 --max-len 10 --vocab 50 --batch 8".split(" ");
