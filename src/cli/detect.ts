import type { CAC, Command } from "cac";
import { timeWriter } from "../data/series/time-writer.ts";
import { checkWritable, readBytes, writeWhole } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { createRuntime } from "../node.ts";
import { show } from "../options.ts";
import { type DetectResult, type DetectState, type DetectStream, loadDetector } from "../tasks/index.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { type LineForm, RowReader } from "./detect-rows.ts";
import { catchInterruption, INTERRUPTED } from "./interruption.ts";
import { count, print, warn } from "./print.ts";
import { readingOf } from "./series-flags.ts";
import { inputLines, linesOf } from "./standard-input.ts";
import { declareEncoding, readEncoding } from "./text-flags.ts";

export function declareDetect(cli: CAC): Command {
  const command = cli
    .command(
      "detect <model> [data]",
      "Alarms, a line of JSON each, on rows of the standard input or of a file: JSON objects, or CSV with a header",
    )
    .option("--alpha <p>", "Alarm at p-values of this or less: of usual values so many are alarms", {
      default: 0.01,
    })
    .option("--state <path>", "Go on from this file where it is there, and keep in it what is remembered")
    .option("--all", "A line for each row, alarm or not")
    .option("--target <column>", "Column to watch; default: as in training")
    .option("--time <column>", "Column of times; default: as in training, or the one that looks like it")
    .option("--series <column>", "Column that tells several series apart; default: as in training")
    .option("--time-format <name>", "day-first or month-first, where dates could be either")
    .example("lstmkit detect model.safetensors - < metrics.ndjson")
    .example("tail -f metrics.csv | lstmkit detect model.safetensors --state watch.json");
  return declareEncoding(command, "Of the rows");
}

/** What the file of --state holds. */
interface Kept {
  readonly digest: string;
  readonly form: LineForm | null;
  readonly state: DetectState;
}

/** How often the state is written while rows come, milliseconds. */
const SAVE_MS = 1000;

/** @returns the exit code */
export async function detect(args: Arguments): Promise<number> {
  const [path, data = "-"] = args.positionals as [string, string | undefined];
  const encoding = readEncoding(args);
  const alpha = args.number("alpha", (p) => p > 0 && p < 1, "a number between 0 and 1");
  const order = args.has("time-format")
    ? args.choice("time-format", ["day-first", "month-first"])
    : undefined;
  if (data === "-" && process.stdin.isTTY) {
    throw new UsageError(
      "there are no rows; wanted a file as the second argument, or rows on the standard input.",
    );
  }
  const statePath = args.text("state");
  const bytes = await readBytes(path);
  if (statePath !== undefined) await checkWritable(statePath);
  const kit = await createRuntime();
  const detector = await loadDetector(kit, bytes);
  const { digest, frequency, target } = detector.report!;
  const stream = await detector.stream({ alpha });
  const kept = statePath === undefined ? undefined : await readState(statePath, digest);
  if (kept) await stream.setState(kept.state);
  const { options, timeZone } = readingOf(bytes);
  const format = order ?? options.timeFormat;
  const reader = new RowReader(
    {
      target: args.text("target") ?? target,
      time: args.text("time") ?? options.time,
      series: args.text("series") ?? options.series,
      decimal: options.decimal ?? ".",
      monthFirst: format === "month-first" ? true : format === "day-first" ? false : undefined,
      isTimed: frequency !== null,
    },
    kept?.form ?? null,
  );
  const write = timeWriter({ frequency, timeZone });
  const textOf = (time: number | null) => (time === null ? null : write(time));
  const save = async () => {
    if (statePath === undefined) return;
    const state: Kept = { digest, form: reader.form, state: await stream.getState() };
    await writeWhole(statePath, new TextEncoder().encode(`${JSON.stringify(state)}\n`));
  };
  const signal = catchInterruption(() => {
    if (data === "-") process.stdin.destroy();
  });
  const counts = new Counts();
  const lines = data === "-" ? inputLines(encoding) : linesOf(once(await readBytes(data)), encoding);
  try {
    await watch(lines, reader, stream, { signal, counts, save, isAll: args.has("all"), textOf });
  } finally {
    await save();
  }
  counts.tell();
  await kit.close();
  return signal.aborted ? INTERRUPTED : 0;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

interface Watching {
  readonly signal: AbortSignal;
  readonly counts: Counts;
  readonly save: () => Promise<void>;
  readonly isAll: boolean;
  readonly textOf: (time: number | null) => string | null;
}

async function watch(
  lines: AsyncIterable<string[]>,
  reader: RowReader,
  stream: DetectStream,
  { signal, counts, save, isAll, textOf }: Watching,
): Promise<void> {
  let number = 0;
  let saved = performance.now();
  try {
    for await (const some of lines) {
      for (const line of some) {
        number++;
        if (signal.aborted) return;
        const read = reader.read(line);
        if (!read) continue;
        if ("fault" in read) {
          counts.doubt(`line ${number} ${read.fault}; left out`);
          continue;
        }
        if (read.doubt !== undefined) counts.doubt(`line ${number} ${read.doubt}`);
        const result = await stepped(stream, read.row, (message) =>
          counts.doubt(`line ${number}: ${message}; left out`),
        );
        if (!result) continue;
        counts.add(result, number);
        if (result.alarm || isAll) print(JSON.stringify(told(result, textOf, isAll)));
      }
      if (performance.now() - saved < SAVE_MS) continue;
      await save();
      saved = performance.now();
    }
  } catch (error) {
    if (!signal.aborted) throw error; // the input was closed by us
  }
}

/** A row that is none does not end the watch. */
async function stepped(
  stream: DetectStream,
  row: Parameters<DetectStream["step"]>[0],
  refuse: (message: string) => void,
): Promise<DetectResult | undefined> {
  try {
    return await stream.step(row);
  } catch (error) {
    if (!(error instanceof LstmkitError) || error.code !== "BAD_VALUE") throw error;
    refuse(error.message.slice(error.code.length + 2));
    return undefined;
  }
}

function told(
  { time, series, value, expected, p, score, alarm, status }: DetectResult,
  textOf: Watching["textOf"],
  isAll: boolean,
): object {
  return {
    ...(time !== null && { time: textOf(time) }),
    ...(series !== "" && { series }),
    ...{ value, expected, p, score },
    ...(isAll && { alarm, status }),
  };
}

/** What was seen, told on stderr: the first of each kind at once, all at the end. */
class Counts {
  #rows = 0;
  #alarms = 0;
  #filled = 0;
  readonly #kinds = new Map<string, number>();

  add({ status, alarm, filled, restarted, settled, series }: DetectResult, line: number): void {
    this.#rows++;
    if (alarm) this.#alarms++;
    this.#filled += filled;
    const of = series === "" ? "" : ` of ${show(series)}`;
    if (status === "late")
      this.#once("late", `line ${line}${of} is not behind the last row; such rows are left out`);
    if (status === "unknown")
      this.#once("unknown", `line ${line} is${of}, which was not learnt; such rows are left out`);
    if (status === "off")
      this.#once("off", `line ${line}${of} is at a time that the frequency has not; left out`);
    if (status === "missing")
      this.#once("missing", `line ${line}${of} has no value; what is expected stands in its place`);
    if (filled > 0)
      this.#once(
        "gaps",
        `${count(filled, "row")}${of} did not come before line ${line}; what is expected stands in their places`,
      );
    if (restarted)
      warn(
        `line ${line}${of} comes after a gap longer than a window: no alarms until there is a window again`,
      );
    if (settled)
      warn(`line ${line}${of}: a whole window of odd values; from here on they are taken as the new level`);
  }

  doubt(message: string): void {
    this.#once("unread", message);
  }

  #once(kind: string, message: string): void {
    const before = this.#kinds.get(kind) ?? 0;
    this.#kinds.set(kind, before + 1);
    if (before === 0) warn(message);
  }

  tell(): void {
    const others = [...this.#kinds].map(([kind, n]) => `${kind} ${n}`);
    const filled = this.#filled > 0 ? [`rows filled ${this.#filled}`] : [];
    warn([`${count(this.#rows, "row")}`, count(this.#alarms, "alarm"), ...others, ...filled].join(", "));
  }
}

/** Undefined where there is no file yet. @throws BAD_DATASET for a file that is no state of this model */
async function readState(path: string, digest: string): Promise<Kept | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (error) {
    if (error instanceof LstmkitError && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
  let kept: unknown;
  try {
    kept = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badState(path, "is no JSON", cause);
  }
  const { digest: of, form, state } = Object(kept) as Partial<Kept>;
  if (of !== digest)
    throw badState(path, typeof of === "string" ? "is of another model" : "is no state of a watch");
  const header = form?.header;
  const isForm =
    form === null ||
    (typeof form?.separator === "string" &&
      (header === null || (Array.isArray(header) && header.every((name) => typeof name === "string"))));
  if (!isForm || typeof state !== "object") throw badState(path, "is no state of a watch");
  return kept as Kept;
}

const badState = (path: string, found: string, cause?: unknown) =>
  new LstmkitError(
    "BAD_DATASET",
    `${show(path)} ${found}; wanted what --state wrote with this model. Remove the file to begin anew.`,
    { cause },
  );
