import { fstatSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { launched } from "../mpi/launcher-node.ts";
import type { Logs } from "../train/model.ts";
import { duration, warn } from "./print.ts";

/** Where an epoch stands. */
export interface EpochProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches done. */
  readonly step: number;
  readonly steps: number;
  readonly msPerStep: number;
  readonly logs: Logs;
}

/** Columns, with the brackets. */
const NARROWEST_BAR = 8;
const WIDEST_BAR = 32;

/** Makes a line of at most so many columns. */
export type FitLine = (columns: number) => string;

/**
 * The stream a live line can be drawn on: stderr or stdout, or null where it would end up in a log, or
 * where results come to the same terminal by way of a pipe, as with tee: they would be wiped out.
 */
export function liveStream(
  env: Readonly<Record<string, string | undefined>> = process.env,
  streams: readonly NodeJS.WriteStream[] = [process.stderr, process.stdout],
  isPiped = isPipe(1),
): NodeJS.WriteStream | null {
  if (launched(env)) return null; // a launcher gives its processes terminals that nobody sees
  if (env.NO_COLOR || env.TERM === "dumb" || (env.CI && env.CI !== "false") || isPiped) return null;
  return streams.find(({ isTTY }) => isTTY) ?? null;
}

function isPipe(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.isFIFO() || found.isSocket();
  } catch {
    return true; // a closed one
  }
}

/** Columns that a live line leaves free: a line that wraps leaves a part behind at each drawing. */
const FREE_COLUMNS = 1 + "^C".length; // the terminal echoes the keys where the line ends

/** The last line of a terminal, drawn again and again in place; with null for the terminal, nothing. */
export class LiveLine {
  readonly #stream: NodeJS.WriteStream | null;
  #bar: SingleBar | null = null;
  #line: FitLine = () => "";

  constructor(stream: NodeJS.WriteStream | null) {
    this.#stream = stream;
  }

  get isLive(): boolean {
    return this.#stream !== null;
  }

  /** Show this line from now on, ten times a second at most. */
  draw(line: FitLine): void {
    this.#line = line;
    if (this.#bar || !this.#stream) return;
    this.#bar = new SingleBar({
      format: (_options, { maxWidth }) => {
        const columns = Math.max(maxWidth - FREE_COLUMNS, 0);
        return this.#line(columns).slice(0, columns);
      },
      stream: this.#stream,
      clearOnComplete: true,
      linewrap: true, // leave the terminal's mode alone: a kill would not set it back
    });
    this.#bar.start(1, 0);
  }

  /** Take the line away, so that others can be printed. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

/** `Epoch 1/4 [=====>....] 100/196 24ms/step 3s left loss 0.5512 acc 0.7034`, or what of it fits. */
export function epochLine(progress: EpochProgress, columns: number): string {
  const { epoch, epochs, step, steps, msPerStep, logs } = progress;
  const left = `${wholeDuration((msPerStep * (steps - step)) / 1000)} left`;
  // `keep`: the lowest goes first when there is no room.
  let parts = [
    { keep: 2, text: `Epoch ${epoch}/${epochs}` },
    { keep: 6, text: `${step}/${steps}` },
    { keep: 1, text: timePerStep(msPerStep) },
    ...(step === steps ? [] : [{ keep: 3, text: left }]),
    { keep: 5, text: `loss ${logs.loss.toFixed(4)}` },
    ...(logs.accuracy === undefined ? [] : [{ keep: 4, text: `acc ${logs.accuracy.toFixed(4)}` }]),
  ];
  const line = () => parts.map(({ text }) => text).join(" ");
  for (let drop = 1; line().length > columns && parts.length > 1; drop++) {
    parts = parts.filter(({ keep }) => keep !== drop);
  }
  const room = Math.min(columns - line().length - 1, WIDEST_BAR);
  if (room >= NARROWEST_BAR) {
    const at = parts.findIndex(({ keep }) => keep === 6);
    parts.splice(at, 0, { keep: 0, text: bar(step / steps, room) });
  }
  return line();
}

/** Tells of downloads: on the live line, or, without one, in a line on stderr for each file. */
export class FetchProgress {
  readonly #live: LiveLine;
  #received = 0;

  constructor(live: LiveLine) {
    this.#live = live;
  }

  show(received: number, total: number): void {
    const isNewFile = this.#received === 0 || received < this.#received;
    this.#received = received;
    if (this.#live.isLive) this.#live.draw((columns) => fetchLine(received, total, columns));
    else if (isNewFile) warn(`Fetching ${megabytes(total)} MB`);
  }
}

/** `Fetching 3.2 of 17.5 MB [====>......]`, or what of it fits. */
export function fetchLine(received: number, total: number, columns: number): string {
  const text = `Fetching ${megabytes(received)} of ${megabytes(total)} MB`;
  const room = Math.min(columns - text.length - 1, WIDEST_BAR);
  return room >= NARROWEST_BAR ? `${text} ${bar(received / total, room)}` : text;
}

/** Parts with " - " between, over as many lines as the columns ask for. */
export function wrapParts(parts: readonly string[], columns: number): string {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = `${last} - ${part}`;
    if (last !== undefined && longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(last === undefined ? part : `  ${part}`);
  }
  return lines.join("\n");
}

/** 24.31 → "24ms/step"; below 10 with a tenth, from a second on in seconds. */
export function timePerStep(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)}s/step`;
  return `${ms.toFixed(ms < 9.95 ? 1 : 0)}ms/step`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function wholeDuration(seconds: number): string {
  return seconds < 59.5 ? `${Math.round(seconds)}s` : duration(seconds);
}

/** `[=====>....]`, so many columns with the brackets. */
function bar(share: number, columns: number): string {
  const inner = columns - 2;
  const done = Math.min(Math.max(Math.round(share * inner), 0), inner);
  const drawn = done === inner ? "=".repeat(inner) : `${"=".repeat(done)}>`;
  return `[${drawn.padEnd(inner, ".")}]`;
}
