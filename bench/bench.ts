/**
 * This package beside its peers: the same data, the same weights, the same work, as many threads.
 * Results are compared first; then everyone is timed in turn, and medians are printed with their
 * spread. Ratios are ours / theirs: below 1, ours is faster.
 */
import { existsSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type * as Package from "../src/node.ts";
import { accuracy } from "./accuracy.ts";
import { CASES, type Case, GROUPS, type Group } from "./cases.ts";
import {
  type Abilities,
  type Contender,
  contendersOn,
  findEngines,
  INSTALL,
  MATHS,
  type Missing,
  PEERS,
  titleOf,
} from "./contenders.ts";
import { findCorpus, writeCase } from "./data.ts";
import { duel } from "./duel.ts";
import { GOALS, isAsked } from "./goals.ts";
import { Player } from "./player.ts";
import { compareProcesses } from "./processes.ts";
import { JsonReport, type Report, TextReport } from "./report.ts";

const HELP = `npm run bench -- [options]
npm run bench -- accuracy [options]   what the tasks reach untuned, beside what they have to: accuracy.ts

  --quick             the seed job's training step and inference alone
  --goals             what the goals of goals.ts are measured by, and a table of them at the end
  --cases <list>      of ${GROUPS.join(", ")}; all by default:
                        step, inference, one   the seed job's, and one review at a time, with cacheTokens as well
                        width, length          H = 32 … 512 at B = 32 and 128; T = 20 … 1280
                        start, job             fresh processes: to the first batch; the whole seed job
  --match <text>      of these, the cases with this in their name, such as H=512
  --only <list>       these peers: ${PEERS.join(", ")}
  --without <list>    all peers but these
  --threads <list>    of 1, 2: contenders with so many; both by default
  --math <list>       of ${MATHS.join(", ")}: our own; all by default
  --vectors <list>    of 128, 256: our own; 256 bits where the engine has a flag for them; both by default
  --engines <list>    majors of Node, such as 20,24; all that there are by default
  --beside <folder>   another checkout of this package with a build in it, to be timed as well
  --rounds <n>        turns of everyone; 7 by default, the seed job at most 3
  --budget <seconds>  a contender gets fewer turns in a case, rather than more than this; 20 by default
  --python <command>  for keras and torch; LSTMKIT_PYTHON or python3 by default
  --json              an object a line: {"case","engine","math","threads","ms","peer","peerMs","ratio"}

Node 24, Node 26 and ONNX Runtime are installed apart, with: ${INSTALL}
LSTMKIT_DATA may name a folder with imdb/keras_top10000_len80; without it the corpus of e-mails serves.`;

const MOST_JOB_ROUNDS = 3;

class UsageError extends Error {}

interface Options {
  readonly groups: readonly Group[];
  readonly match: string;
  readonly peers: readonly string[];
  readonly threads: readonly string[];
  readonly maths: readonly string[];
  readonly vectors: readonly string[];
  /** Null for all. */
  readonly engines: readonly string[] | null;
  readonly beside: string | null;
  readonly isGoals: boolean;
  readonly rounds: number;
  readonly budgetMs: number;
  readonly python: string;
  readonly isJson: boolean;
}

function readOptions(argv: string[]): Options | null {
  let flags: Record<string, string | boolean | undefined>;
  try {
    const text = { type: "string" } as const;
    const flag = { type: "boolean", default: false } as const;
    const options = {
      cases: text,
      match: text,
      only: text,
      without: text,
      threads: text,
      math: text,
      vectors: text,
      engines: text,
      beside: text,
      python: text,
      rounds: text,
      budget: text,
    };
    const switches = { quick: flag, goals: flag, json: flag, help: flag };
    ({ values: flags } = parseArgs({ args: argv, options: { ...options, ...switches } }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (flags.help) return null;
  const list = <T extends string>(name: string, known: readonly T[]): T[] | null => {
    const value = flags[name];
    if (value === undefined) return null;
    return String(value)
      .split(",")
      .map((part) => {
        const found = known.find((candidate) => candidate === part);
        if (found === undefined) throw new UsageError(`--${name} has ${part}; wanted ${known.join(", ")}.`);
        return found;
      });
  };
  const whole = (name: string, fallback: number) => {
    const value = Number(flags[name] ?? fallback);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new UsageError(`--${name} is ${flags[name]}; it must be a whole number from 1 on.`);
  };
  if ([flags.quick, flags.goals, flags.cases !== undefined].filter(Boolean).length > 1)
    throw new UsageError("--quick, --goals and --cases: give one of them.");
  const beside = flags.beside === undefined ? null : resolve(String(flags.beside));
  if (beside !== null && !existsSync(join(beside, "dist/node.js")))
    throw new UsageError(`--beside: ${beside} has no dist/node.js; build it with npm run build.`);
  const without = list("without", PEERS) ?? [];
  return {
    groups: flags.quick ? ["step", "inference"] : (list("cases", GROUPS) ?? GROUPS),
    match: String(flags.match ?? ""),
    peers: (list("only", PEERS) ?? PEERS).filter((peer) => !without.includes(peer)),
    threads: list("threads", ["1", "2"]) ?? ["1", "2"],
    maths: list("math", MATHS) ?? MATHS,
    vectors: list("vectors", ["128", "256"]) ?? ["128", "256"],
    engines: flags.engines === undefined ? null : String(flags.engines).split(","),
    beside,
    isGoals: flags.goals === true,
    rounds: whole("rounds", 7),
    budgetMs: whole("budget", 20) * 1000,
    python: String(flags.python ?? process.env.LSTMKIT_PYTHON ?? "python3"),
    isJson: flags.json === true,
  };
}

/** Start everyone; who does not start is missing. */
async function assemble(contenders: readonly Contender[], python: string, report: Report): Promise<Player[]> {
  const players: Player[] = [];
  const missing = new Map<string, Missing>();
  for (const contender of contenders) {
    const player = new Player(contender);
    try {
      progress(`starting ${contender.kind} ${contender.form}`);
      await player.start();
      players.push(player);
    } catch (error) {
      player.stop();
      if (contender.kind === "lstmkit") throw error;
      const remedy = contender.kind.startsWith("ort")
        ? `; install it with: ${INSTALL}`
        : contender.command === python
          ? `; name a Python that has ${contender.kind} with --python`
          : "";
      const why = `${error instanceof Error ? error.message : error}${remedy}`;
      missing.set(contender.kind, { peer: contender.kind, why });
    }
  }
  progress("");
  for (const absent of missing.values()) report.missing(absent);
  return players;
}

/** What the build does that not every one does. */
async function abilitiesOf(report: Report): Promise<Abilities> {
  const built: typeof Package = await import(new URL("../dist/node.js", import.meta.url).href);
  const kit = await built.createRuntime();
  const abilities = { wide: "vectors" in (await kit.info()), int8: "quantize" in built };
  await kit.close();
  if (!abilities.wide) report.missing({ peer: "wide", why: "this build has no choice of vectors" });
  if (!abilities.int8) report.missing({ peer: "int8", why: "this build has no quantize()" });
  return abilities;
}

/** What some of them do not run of the cases, said once. */
function limitsOf(players: readonly Player[], cases: readonly Case[]): Missing[] {
  const limits = new Map<string, Missing>();
  for (const { contender, name } of players) {
    const peer = titleOf(contender, name);
    const whys = cases.flatMap((work) => contender.skips(work) ?? []);
    if (whys.length > 0) limits.set(peer, { peer, why: [...new Set(whys)].join("; ") });
  }
  return [...limits.values()];
}

/** On the terminal's last line, while there is one. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** @returns the exit code: 1 where someone's results were wrong or this package broke */
async function bench(options: Options): Promise<number> {
  const { groups, match, peers, threads, maths, vectors, rounds, budgetMs, python, isJson, isGoals } =
    options;
  const report = isJson ? new JsonReport() : new TextReport();
  const scratch = await mkdtemp(join(tmpdir(), "lstmkit-bench-"));
  const players: Player[] = [];
  const interruption = new AbortController();
  const cleanUp = () => {
    interruption.abort();
    for (const player of players) player.stop();
    rmSync(scratch, { recursive: true, force: true });
  };
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => {
      cleanUp();
      process.exit(code);
    });
  }
  let failures = 0;
  try {
    const corpus = await findCorpus(scratch);
    const found = await findEngines();
    const { missing } = found;
    const engines = found.engines.filter(({ major }) => options.engines?.includes(String(major)) ?? true);
    if (engines.length === 0)
      throw new UsageError(`--engines has ${options.engines}; none of them is there.`);
    report.note(
      `${cpus()[0]?.model}, ${cpus().length} processors; ${engines.map(({ name }) => name).join(", ")}`,
    );
    report.note(`data: ${corpus.name}; medians, ratios are ours / theirs`);
    for (const absent of missing) report.missing(absent);
    for (const peer of PEERS) if (!peers.includes(peer)) report.missing({ peer, why: "left out by flag" });
    const abilities = await abilitiesOf(report);
    const wanted = contendersOn(engines, python, abilities, options.beside).filter((contender) => {
      const { kind, variant, threads: count } = contender;
      const isOf = variant
        ? maths.includes(variant.math) && vectors.includes(String(variant.vectors))
        : peers.some((peer) => peer === kind);
      const isGoal = !isGoals || GOALS.some((goal) => isAsked(goal, contender));
      return isOf && isGoal && threads.includes(String(count));
    });
    const asks = (of: string, contender: Contender) =>
      !isGoals || GOALS.some((goal) => goal.of === of && isAsked(goal, contender));
    players.push(...(await assemble(wanted, python, report)));
    const cases = CASES.filter(
      ({ group, name }) =>
        groups.includes(group) && name.includes(match) && (!isGoals || GOALS.some(({ of }) => of === name)),
    );
    for (const limit of limitsOf(players, cases)) report.missing(limit);
    for (const work of cases) {
      const setup = await writeCase(work, corpus, scratch);
      const able = players.filter(
        ({ contender }) => contender.skips(work) === null && asks(work.name, contender),
      );
      const outcome = await duel(work, setup, able, { rounds, budgetMs, note: progress });
      failures += outcome.notTimed.filter(({ isFailure }) => isFailure).length;
      progress("");
      report.outcome(work, outcome);
    }
    for (const player of players) player.stop();
    const entrantsOf = (of: string) =>
      players
        .filter(({ contender }) => asks(of, contender))
        .map(({ contender, name }) => ({ contender, name }));
    const surroundings = { folder: corpus.folder, signal: interruption.signal, progress };
    if (groups.includes("start") && match === "") {
      const entrants = entrantsOf("import to first trained batch");
      failures += await compareProcesses("first-batch", entrants, report, { ...surroundings, rounds });
    }
    if (groups.includes("job") && match === "") {
      // Keras on one thread takes minutes, and nobody runs it so.
      const chosen = entrantsOf("whole seed job, wall").filter(
        ({ contender: { variant, threads } }) => variant || threads === 2,
      );
      const few = Math.min(rounds, MOST_JOB_ROUNDS);
      failures += await compareProcesses("seed-job", chosen, report, { ...surroundings, rounds: few });
    }
    if (isGoals) report.goals();
  } finally {
    cleanUp();
  }
  return failures > 0 ? 1 : 0;
}

try {
  const [first, ...rest] = process.argv.slice(2);
  const options = first === "accuracy" ? null : readOptions(process.argv.slice(2));
  if (first === "accuracy") await accuracy(rest);
  else if (options) process.exitCode = await bench(options);
  else console.log(HELP);
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${HELP}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
