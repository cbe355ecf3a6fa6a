import { timeText } from "../data/series/frequency.ts";
import { writeWhole } from "../disk/disk-node.ts";
import { loadBirths } from "../node.ts";
import type { DemoRun } from "./demo-run.ts";
import { INTERRUPTED } from "./interruption.ts";
import { print, printJson, warn } from "./print.ts";
import { trainDetectorOn } from "./train-detect.ts";

/** Rows that are watched: the last two years. */
const WATCHED = 730;

/** Births in the United States: the days of the last two years that are odd. @returns the exit code */
export async function demoDetect({ kit, seed, epochs, out, isJson, signal }: DemoRun): Promise<number> {
  signal.addEventListener("abort", () => warn("Stopping; press Ctrl-C again to stop at once."));
  const births = await loadBirths();
  const all = births.series[0]!;
  const cut = (from: number, to: number) => ({
    ...births,
    series: [
      {
        ...all,
        ...{ length: to - from, rows: to - from, times: all.times!.slice(from, to) },
        columns: { births: all.columns.births!.slice(from, to) },
      },
    ],
  });
  const past = cut(0, all.length - WATCHED);
  const made = await trainDetectorOn(kit, "births", past, { seed, ...epochs }, { signal, isJson });
  if (!made) return INTERRUPTED;
  if (out !== null) await writeWhole(out, await made.save());
  const [results] = await made.predict(cut(all.length - WATCHED, all.length), { signal });
  const alarms = results!.filter(({ alarm }) => alarm);
  if (!isJson) print(`\n${alarms.length} alarms in the last ${WATCHED} days:\n`);
  for (const { time, value, expected, p, score } of alarms) {
    const row = { time: timeText(time!, births.frequency), value, expected, p, score };
    if (isJson) printJson({ event: "alarm", ...row });
    else print(JSON.stringify(row));
  }
  return 0;
}
