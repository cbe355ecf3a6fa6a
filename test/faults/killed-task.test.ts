/** Tasks on the command line, killed at any moment and resumed: the same model file, byte for byte. */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workplace } from "../cli/command-line.ts";
import { killedRun } from "./killed-run.ts";

let place: Workplace;
beforeAll(() => {
  place = new Workplace();
  const day = (i: number) => new Date(Date.UTC(2021, 0, 1 + i)).toISOString().slice(0, 10);
  const level = (i: number) => 100 + 20 * [0, 1, 2, 1, 0, 4, 5][i % 7]! + 0.05 * i + ((i * 7919) % 13);
  const days = Array.from({ length: 600 }, (_, i) => `${day(i)},${level(i).toFixed(2)}`);
  place.write("days.csv", ["date,y", ...days, ""].join("\n"));
  const words = [
    ["walk", "slow", "calm"],
    ["run", "fast", "race"],
    ["stand", "still", "rest"],
  ];
  const notes = Array.from({ length: 240 }, (_, i) => {
    const of = words[i % 3]!;
    return `${of[(i * i) % 3]} then ${of[(i >> 2) % 3]} and ${of[(i >> 4) % 3]} ${i % 17},${of[0]}`;
  });
  place.write("notes.csv", ["note,topic", ...notes, ""].join("\n"));
  const sentences = ["the cat sat on the mat. ", "a dog and a fog. ", "who has seen the wind?\n"];
  place.write("book.txt", Array.from({ length: 900 }, (_, i) => sentences[(i * i + (i >> 2)) % 3]).join(""));
});
afterAll(() => place.dispose());

test.each([
  ["forecast", "days.csv --horizon 7 --window 14 --units 24 --epochs 12 --patience 12"],
  ["detect", "days.csv --window 28 --units 32 --epochs 12 --patience 12"],
  ["classify", "notes.csv --text note --label topic --units 32 --epochs 14 --patience 14"],
  ["generate", "book.txt --units 48 --epochs 3 --steps 20 --batch 4"],
] as const)("--task %s", async (task, flags) => {
  const args = [...flags.split(" "), "--task", task];
  const began = performance.now();
  const whole = await place.run([
    "train",
    ...args,
    "--json",
    "--checkpoint",
    "none",
    "--out",
    `${task}-whole`,
  ]);
  expect(whole.code).toBe(0);
  const latest = (performance.now() - began) * 0.75; // of a run that others may slow down, and that says its first word late
  const { digest, attempts } = await killedRun({
    folder: place.folder,
    args: [...args, "--out", task],
    every: "3",
    signals: ["SIGKILL", "SIGKILL", "SIGTERM", "SIGINT"],
    kills: 12,
    seed: 5,
    latest,
    threads: [1, 2],
  });
  expect(digest, attempts.at(-1)!.stderr).toMatch(/^[\da-f]{64}$/);
  expect(attempts.filter(({ from }) => from !== null).length).toBeGreaterThan(1);
  const [own, wanted] = [task, `${task}-whole`].map((name) => readFileSync(place.path(name)));
  expect(Buffer.compare(own!, wanted!)).toBe(0);
  expect(readdirSync(place.folder).filter((name) => /checkpoints|tmp/.test(name))).toEqual([]);
  const other = await place.run([
    "train",
    ...args,
    "--out",
    task,
    "--checkpoint-every",
    "3",
    "--checkpoint",
    "none",
    "--resume",
  ]);
  expect(other.stderr).toMatch(/--resume goes on from a checkpoint, and --checkpoint is none/);
  expect(other.code).toBe(2);
});
