/** Results as a table for people, or as a JSON object a line. */
import { type Case, flopOf } from "./cases.ts";
import { type Contender, type Missing, titleOf } from "./contenders.ts";
import type { Outcome, Result, Spread } from "./duel.ts";
import { type Reached, reachedOf, unmeasured } from "./goals.ts";

/** A figure that contenders are compared by; less is better. */
export interface Comparison {
  readonly name: string;
  readonly unit: "ms" | "MiB";
  readonly results: readonly Result[];
}

/** `ratio` is ours / theirs. */
interface Row {
  readonly case: string;
  readonly engine: string;
  readonly math: string;
  readonly vectors: number;
  readonly threads: number;
  readonly ms?: number;
  readonly mib?: number;
  readonly peer: string;
  readonly peerThreads?: number;
  readonly peerMs?: number;
  readonly peerMib?: number;
  readonly ratio: number;
  /** Of matrix products, where the rate is what is looked at. */
  readonly gflops?: number;
}

export interface Report {
  note(text: string): void;
  missing(missing: Missing): void;
  outcome(work: Case, outcome: Outcome): void;
  comparison(comparison: Comparison): void;
  /** Of all that was compared: what was to be reached, and what was. */
  goals(): void;
}

const isOurs = ({ contender }: Result) => contender.kind === "lstmkit";

/** Whom a variant of this package is set against: as many threads, and the same engine if any. */
function isRival(mine: Contender, other: Contender): boolean {
  if (mine === other) return false;
  if (other.kind === "lstmkit") {
    // One thing differs: the math, the vectors, or the threads.
    const [own, its] = [mine.variant!, other.variant!];
    if (mine.engine !== other.engine) return false;
    const isMath = own.math !== "strict" && its.math === "strict" && own.vectors === its.vectors;
    const isWide = own.math === its.math && own.vectors > its.vectors;
    const sameThreads = mine.threads === other.threads;
    return (sameThreads && (isMath || isWide)) || (mine.form === other.form && mine.threads > other.threads);
  }
  if (other.kind === "beside" && mine.variant!.math !== other.variant!.math) return false;
  return mine.threads === other.threads && (!other.engine || other.engine === mine.engine);
}

function rowsOf({ name, unit, results }: Comparison): Row[] {
  const figures = (ms: number, peerMs: number) =>
    unit === "ms" ? { ms, peerMs } : { mib: ms, peerMib: peerMs };
  return results.filter(isOurs).flatMap((mine) => {
    const { engine, variant, threads } = mine.contender;
    const { math, vectors } = variant!;
    const common = { case: name, engine: engine!.name, math, vectors, threads };
    return results
      .filter(({ contender }) => isRival(mine.contender, contender))
      .map((other) => ({
        ...common,
        ...figures(mine.time.median, other.time.median),
        peer: titleOf(other.contender, other.name),
        peerThreads: other.contender.threads,
        ratio: mine.time.median / other.time.median,
      }));
  });
}

/** Against the arithmetic of registers alone: the time that the products would take at that rate. */
function rooflineRows(work: Case, results: readonly Result[]): Row[] {
  return results.flatMap(({ contender, time, roofline }) => {
    if (roofline === undefined || work.task !== "train") return [];
    const peerMs = flopOf(work) / roofline / 1e6;
    const { engine, variant, threads } = contender;
    return {
      case: work.name,
      engine: engine!.name,
      math: variant!.math,
      vectors: variant!.vectors,
      threads,
      ms: time.median,
      peer: `roofline ${roofline.toFixed(1)} GFLOP/s`,
      peerMs,
      ratio: time.median / peerMs,
      gflops: flopOf(work) / time.median / 1e6,
    };
  });
}

export class JsonReport implements Report {
  readonly #comparisons: Comparison[] = [];
  note(): void {}
  missing({ peer, why }: Missing): void {
    this.#print({ peer, missing: why });
  }
  outcome(work: Case, { results, notTimed }: Outcome): void {
    for (const { contender, name, why } of notTimed) {
      this.#print({
        case: work.name,
        peer: titleOf(contender, name),
        threads: contender.threads,
        missing: why,
      });
    }
    this.comparison({ name: work.name, unit: "ms", results });
    for (const row of rooflineRows(work, results)) this.#print(row);
  }
  comparison(comparison: Comparison): void {
    this.#comparisons.push(comparison);
    for (const row of rowsOf(comparison)) this.#print(row);
  }
  goals(): void {
    for (const line of reachedOf(this.#comparisons)) this.#print(line);
  }
  #print(row: object): void {
    console.log(JSON.stringify(row));
  }
}

/** About three figures: 0.226, 22.6, 2264. */
const show = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

export class TextReport implements Report {
  readonly #comparisons: Comparison[] = [];
  note(text: string): void {
    console.log(text);
  }
  missing({ peer, why }: Missing): void {
    console.log(`left out: ${peer}: ${why}`);
  }
  outcome(work: Case, { results, notTimed, gaps }: Outcome): void {
    const { H, B, T, dropout } = work;
    const flop = flopOf(work);
    const losses = work.task === "train" ? `, losses within ${gaps.losses.toExponential(0)}` : "";
    const int8 = gaps.int8 > 0 ? `, of int8 within ${gaps.int8.toExponential(0)}` : "";
    console.log(
      `\n${work.name}: B ${B}, T ${T}, H ${H} × 2, dropout ${dropout}, ${show(flop / 1e9)} GFLOP\n` +
        `results agree: predictions within ${gaps.predictions.toExponential(0)}${int8}${losses}`,
    );
    const rates: Column[] = [];
    if (work.group === "width")
      rates.push({ title: "GFLOP/s", of: ({ time }) => show(flop / time.median / 1e6) });
    if (work.group === "width" && work.task === "train") {
      const share = ({ time, roofline }: Result) =>
        roofline === undefined
          ? ""
          : `${Math.floor(flop / time.median / 1e4 / roofline)} % of ${show(roofline)}`;
      rates.push({ title: "roofline", of: share });
    }
    if (work.group === "length") {
      rates.push({ title: "µs a token", of: ({ time }) => show((time.median * 1000) / (B * T)) });
    }
    this.#comparisons.push({ name: work.name, unit: "ms", results });
    this.#table({ name: work.name, unit: "ms", results }, rates);
    this.#threads(results);
    for (const why of new Set(notTimed.map((absent) => absent.why))) {
      const those = notTimed.filter((absent) => absent.why === why);
      const who = new Set(those.map(({ contender, name }) => titleOf(contender, name)));
      console.log(`  not timed: ${[...who].join("; ")}: ${why}`);
    }
  }
  comparison(comparison: Comparison): void {
    console.log(`\n${comparison.name}`);
    this.#table(comparison, []);
    this.#threads(comparison.results);
    this.#comparisons.push(comparison);
  }

  goals(): void {
    const reached = reachedOf(this.#comparisons);
    const row = ({ goal, engine, ms, peer, peerMs, ratio, reach, aim }: Reached) => [
      goal,
      engine,
      show(ms),
      peer ?? "",
      peerMs === undefined ? "" : show(peerMs),
      peerMs === undefined ? show(ratio) : ratio.toFixed(2),
      String(reach),
      String(aim),
      ratio <= aim ? "aim" : ratio <= reach ? "reached" : "missed",
    ];
    console.log("\ngoals: ratios are ours / theirs");
    const titles = ["", "engine", "ms", "against", "ms", "ratio", "reach", "aim", ""];
    printRows([titles, ...reached.map(row)], [0, 1, 3]);
    for (const what of unmeasured(reached)) console.log(`  not measured: ${what}`);
  }

  /** What the second thread brings. */
  #threads(results: readonly Result[]): void {
    const ours = results.filter(isOurs);
    const shares = ours.flatMap((two) => {
      const one = ours.find(
        ({ contender: { engine, form, threads } }) =>
          engine === two.contender.engine && form === two.contender.form && threads < two.contender.threads,
      );
      return one ? `${variantOf(two)} ${show(two.time.median / one.time.median)}` : [];
    });
    if (shares.length > 0) console.log(`  2 threads / 1: ${shares.join(", ")}`);
  }

  /** A row for each contender, and a column for each variant of ours: ours / the row's. */
  #table({ unit, results }: Comparison, more: readonly Column[]): void {
    const variants = [
      ...new Set(results.filter(isOurs).map(({ contender, name }) => titleOf(contender, name))),
    ];
    const ratio = (variant: string): Column => ({
      title: shortened(variant),
      of: ({ contender, name }) => {
        const mine = results.find(
          (other) =>
            isOurs(other) &&
            titleOf(other.contender, other.name) === variant &&
            other.contender.threads === contender.threads,
        );
        const comparable = !contender.engine || mine?.contender.engine === contender.engine;
        if (!mine || !comparable || titleOf(contender, name) === variant) return "";
        return show(mine.time.median / results.find((other) => other.contender === contender)!.time.median);
      },
    });
    const columns: Column[] = [
      { title: "threads", of: ({ contender }) => String(contender.threads) },
      { title: unit, of: ({ time }) => show(time.median) },
      { title: "low–high", of: ({ time }) => range(time) },
      ...more,
      ...variants.map(ratio),
    ];
    const rows = [
      ["", ...columns.map(({ title }) => title)],
      ...results.map((result) => [
        titleOf(result.contender, result.name),
        ...columns.map(({ of }) => of(result)),
      ]),
    ];
    printRows(rows, [0]);
  }
}

/** @param left columns that are words, and begin at one place; numbers end at one */
function printRows(rows: readonly (readonly string[])[], left: readonly number[]): void {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  for (const row of rows) {
    const cells = row.map((cell, c) =>
      left.includes(c) ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!),
    );
    console.log(`  ${cells.join("  ").trimEnd()}`);
  }
}

/** `strict 20` */
const shortened = (title: string) => title.replace(/^lstmkit ([\w ]+), node (\d+).*/, "$1 $2");
const variantOf = ({ contender, name }: Result) => shortened(titleOf(contender, name));

interface Column {
  readonly title: string;
  readonly of: (result: Result) => string;
}

const range = ({ low, high, count }: Spread) =>
  count === 1 ? "once" : `${show(low)}–${show(high)}${count < 5 ? ` of ${count}` : ""}`;
