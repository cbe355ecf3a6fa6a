import { afterAll, describe, expect, inject, test } from "vitest";
import { ENGINES, type JobResult, type Row } from "./engines.ts";

/**
 * What the job of hosts/job.js comes to, everywhere: SHA-256 of the weights before and after training. A
 * change of one of these is a change of the contract, as in test/train/determinism.test.ts.
 */
const PINNED = {
  initial: "0dee600a8475477deabd890bd6824a0781a80f47a43de688962dd88b2e312895",
  trained: "1e33c909f1717a2573d8f463da8f758ee335fd6d1339e8e86532d664779821c8",
};

const without = (process.env.LSTMKIT_WITHOUT ?? "").split(",");
const engines = ENGINES.filter(({ name }) => !without.includes(name));

const table: string[] = [];
const losses = new Set<number>();

afterAll(() => {
  const head = line("engine", "version", "mode", "threads", "ms/step", "digest");
  process.stdout.write(`\n${[head, ...table].join("\n")}\n\n`);
});

describe.each(engines)("$name", ({ name, version, rows, run }) => {
  test.each(rows.map((row) => ({ ...row, row })))(
    "gives the pinned digest $mode with $threads of $asked threads",
    async ({ row }) => {
      const result = await run(row, inject("site"));
      table.push(lineOf(name, await version(), row, result));
      expect({ initial: result.initial, trained: result.trained }).toEqual(PINNED);
      expect(losses.add(result.loss).size).toBe(1);
      expect(result.threads).toBe(row.threads);
      if (row.threads < row.asked) expect(result.threadsReason).toMatch(/\w/);
      else expect(result.threadsReason).toBeUndefined();
    },
  );
});

function lineOf(name: string, version: string, { mode }: Row, result: JobResult): string {
  const { threads, msPerStep, trained } = result;
  return line(name, version, mode, String(threads), msPerStep.toFixed(1), `${trained.slice(0, 16)}…`);
}

function line(
  ...[name, version, mode, threads, time, digest]: [string, string, string, string, string, string]
) {
  return [
    name.padEnd(11),
    version.padEnd(18),
    mode.padEnd(10),
    threads.padStart(7),
    time.padStart(8),
    ` ${digest}`,
  ].join(" ");
}
