/**
 * npm run faults:kill -- [--kills 100] [--seed 1] [--epochs 80] [--signals SIGKILL] [--every 5] [--latest 1200]
 *
 * Trains on the built-in e-mails once without a break, and once more killed at random moments and resumed, with one and two
 * threads in turn. Exit code 1 where the digests differ, or where there were fewer kills.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { killedRun } from "./killed-run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    epochs: { type: "string", default: "80" },
    signals: { type: "string", default: "SIGKILL" },
    every: { type: "string", default: "5" },
    latest: { type: "string", default: "1200" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "lstmkit-kills-"));
const args = ["--epochs", values.epochs, "--units", "32", "--embedding", "32"];
try {
  const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
  const whole = spawnSync(
    process.execPath,
    [cli, "train", ...args, "--checkpoint", "none", "--json", "--out", "whole.safetensors"],
    { cwd: folder, encoding: "utf8" },
  );
  const wanted = JSON.parse(whole.stdout.trim().split("\n").at(-1)!) as { digest: string; seconds: number };
  process.stdout.write(`without a break: ${wanted.digest}, ${wanted.seconds.toFixed(1)} s\n`);
  const { digest, attempts } = await killedRun({
    folder,
    args,
    every: values.every,
    signals: values.signals.split(",") as NodeJS.Signals[],
    kills: Number(values.kills),
    seed: Number(values.seed),
    latest: Number(values.latest),
    threads: [1, 2],
    onAttempt: ({ number, signal, code, from, stderr }) => {
      const where = from ? `epoch ${from.epoch}, ${from.batches} batches` : "nowhere yet";
      process.stdout.write(`${number}: from ${where}; ${signal ?? "left alone"}, code ${code}\n`);
      if (/passed over/.test(stderr)) process.stdout.write(stderr);
    },
  });
  const kills = attempts.filter(({ signal }) => signal !== null).length;
  const resumed = attempts.filter(({ from }) => from !== null).length;
  process.stdout.write(`${kills} kills, ${resumed} resumed: ${digest}\n`);
  process.stdout.write(`left in the folder: ${readdirSync(folder).join(", ")}\n`);
  const isSame = digest === wanted.digest;
  process.stdout.write(isSame ? "the same digest\n" : "ANOTHER DIGEST\n");
  process.exitCode = isSame && kills >= Number(values.kills) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
