/**
 * What forecaster, detector, classifier and generator reach with what they do untuned, beside what has to be reached and what is
 * aimed at: all in one run, and one table.
 *
 *   npm ci --prefix examples --ignore-scripts
 *   LSTMKIT_DATA=… npm run bench -- accuracy [--cases etth1,births,…] [--seeds 1,2,3] [--threads 1]
 *
 * LSTMKIT_DATA names a folder with series/ETTh1.csv, series/co2-mm-mlo.csv and text/tinyshakespeare.txt; births and detect
 * need none. A line a fit goes to stderr as it is done, the table to stdout.
 */
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createRuntime, type Runtime } from "../src/node.ts";
import { digits } from "./accuracy/classify.ts";
import { births as detect } from "./accuracy/detect.ts";
import { FORECASTS } from "./accuracy/forecast.ts";
import { shakespeare } from "./accuracy/generate.ts";

/** A number that has to be reached, at least or at most, and the one that is aimed at; or a span that it has to lie in. */
export type Goal =
  | { readonly atMost: readonly [reach: number, aim: number] }
  | { readonly atLeast: readonly [reach: number, aim: number] }
  | { readonly within: readonly [least: number, most: number] };

/** One number of a case. */
export interface Figure {
  readonly what: string;
  readonly goal: Goal;
}

/** A fit, and what is read off it. */
export interface AccuracyCase {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** The figures of a seed, in their order, and what else is worth telling. */
  run(kit: Runtime, seed: number): Promise<{ readonly values: readonly number[]; readonly note: string }>;
}

const CASES: readonly AccuracyCase[] = [...FORECASTS, detect, digits, shakespeare];

/** The value that is farthest from what is wanted. */
function worstOf(values: readonly number[], goal: Goal): number {
  if ("atMost" in goal) return Math.max(...values);
  if ("atLeast" in goal) return Math.min(...values);
  const middle = (goal.within[0] + goal.within[1]) / 2;
  return values.reduce((a, b) => (Math.abs(b - middle) > Math.abs(a - middle) ? b : a));
}

function verdictOf(worst: number, goal: Goal): string {
  if ("within" in goal) return worst >= goal.within[0] && worst <= goal.within[1] ? "reached" : "missed";
  const [reach, aim] = "atMost" in goal ? goal.atMost : goal.atLeast;
  const isAs = (wanted: number) => ("atMost" in goal ? worst <= wanted : worst >= wanted);
  return isAs(aim) ? "aim" : isAs(reach) ? "reached" : "missed";
}

function wantedOf(goal: Goal): readonly [string, string] {
  if ("within" in goal) return [`${goal.within[0]} to ${goal.within[1]}`, ""];
  const [sign, [reach, aim]] = "atMost" in goal ? ["≤", goal.atMost] : ["≥", goal.atLeast];
  return [`${sign} ${reach}`, `${sign} ${aim}`];
}

/** @param args those of the command line */
export async function accuracy(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: "string", default: "1,2,3" },
      threads: { type: "string", default: "1" },
      cases: { type: "string", default: CASES.map(({ name }) => name).join() },
    },
  });
  const seeds = values.seeds.split(",").map(Number);
  const asked = values.cases.split(",").map((name) => {
    const found = CASES.find((one) => one.name === name);
    if (found) return found;
    throw new Error(`--cases has ${name}; wanted some of ${CASES.map((one) => one.name).join(", ")}`);
  });

  const kit = await createRuntime({
    threads: values.threads === "auto" ? "auto" : Number(values.threads),
    vectors: 256,
  });
  const rows: string[][] = [["", ...seeds.map((seed) => `seed ${seed}`), "reach", "aim", "verdict"]];
  const show = (value: number) => (value < 0.1 ? value.toFixed(5) : value.toPrecision(4));
  for (const { name, figures, run } of asked) {
    const had: (readonly number[])[] = [];
    for (const seed of seeds) {
      const began = performance.now();
      const { values: own, note } = await run(kit, seed);
      had.push(own);
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      console.error(`${name}, seed ${seed}: ${own.map(show).join(", ")}; ${note}; ${seconds} s`);
    }
    for (const [i, { what, goal }] of figures.entries()) {
      const own = had.map((of) => of[i]!);
      rows.push([what, ...own.map(show), ...wantedOf(goal), verdictOf(worstOf(own, goal), goal)]);
    }
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  console.log(
    [line(rows[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n"),
  );
  await kit.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await accuracy(process.argv.slice(2));
