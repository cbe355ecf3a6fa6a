import { afterAll, describe, expect, inject, test } from "vitest";
import { ENGINES, type JobResult, type Row } from "./engines.ts";
import { PINNED } from "./pinned.ts";
import { LEFT_OUT, leftOut } from "./without.ts";

const engines = ENGINES.filter(({ name }) => !leftOut(name));
const names = ENGINES.map(({ name }) => name);
const unknown = LEFT_OUT.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`--without ${unknown}: the engines are ${names.join(", ")}`);

const table: string[] = [];
const losses = new Set<number>();

afterAll(() => {
  const head = line("engine", "version", "mode", "threads", "vectors", "ms/step", "digest");
  process.stdout.write(`\n${[head, ...table].join("\n")}\n\n`);
});

describe.each(engines)("$name", ({ name, version, rows, run }) => {
  test.each(rows.map((row) => ({ ...row, row })))(
    "gives the pinned digest $mode with $threads of $asked threads",
    async ({ row }) => {
      const result = await run(row, inject("site"));
      table.push(lineOf(name, await version(), row, result));
      expect(result).toMatchObject(PINNED);
      expect(losses.add(result.loss).size).toBe(1);
      expect(result.threads).toBe(row.threads);
      if (row.threads < row.asked) expect(result.threadsReason).toMatch(/\w/);
      else expect(result.threadsReason).toBeUndefined();
      expect([result.vectors, result.vectorsReason]).toEqual(
        row.vectors === 256 ? [256, undefined] : [128, expect.stringMatching(/\w/)],
      );
    },
  );
});

function lineOf(name: string, version: string, { mode }: Row, result: JobResult): string {
  const { threads, vectors, msPerStep, trained } = result;
  return line(
    name,
    version,
    mode,
    String(threads),
    String(vectors),
    msPerStep.toFixed(1),
    `${trained.slice(0, 16)}…`,
  );
}

function line(
  ...[name, version, mode, threads, vectors, time, digest]: readonly [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
) {
  return [
    name.padEnd(13),
    version.padEnd(18),
    mode.padEnd(10),
    threads.padStart(7),
    vectors.padStart(7),
    time.padStart(8),
    ` ${digest}`,
  ].join(" ");
}
