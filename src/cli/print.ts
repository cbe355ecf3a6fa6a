import type { Logs } from "../train/model.ts";
import { surroundings } from "./surroundings.ts";

let isHushed = false;

/** Say nothing from now on, because another process does. */
export function hush(): void {
  isHushed = true;
}

/** A line of results, on stdout. */
export function print(line: string): void {
  if (!isHushed) surroundings().out(`${line}\n`);
}

/** An event for programs: one JSON object a line, on stdout. */
export function printJson(event: { event: string } & Record<string, unknown>): void {
  print(JSON.stringify(event));
}

/** A line for the person who watches, on stderr, where it cannot get between results. */
export function warn(line: string): void {
  if (!isHushed) complain(line);
}

/** The same, whoever else speaks. */
export function complain(line: string): void {
  surroundings().err(`${line}\n`);
}

/** 62 → "1m 02s". Below a minute with a tenth: "8.4s". */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}h ${two(m)}m ${two(s)}s` : `${m}m ${two(s)}s`;
}

/** `loss 0.1234, accuracy 0.9567 (25000 samples)`, and the other metrics that the model was compiled with. */
export function lossAndMetrics(logs: Logs, samples: number): string {
  const results = Object.entries(logs).map(([name, value]) => `${name} ${value!.toFixed(4)}`);
  return `${results.join(", ")} (${count(samples, "sample")})`;
}

/** 1 → "1 sample", 2 → "2 samples". */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}
