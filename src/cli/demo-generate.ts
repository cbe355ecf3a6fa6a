import { loadMobyDick } from "../data/load-texts-node.ts";
import type { DemoRun } from "./demo-run.ts";
import { writeText } from "./generate.ts";
import { print } from "./print.ts";
import { runTextJob, TextJobReport } from "./text-job.ts";

/** Smaller than the defaults: a minute or two. */
const SMALL = { units: 192, epochs: 12, learningRate: 0.008, dropout: 0.1 };

/** Moby-Dick goes on. @returns the exit code */
export async function demoGenerate({ kit, seed, epochs, out, isJson, signal }: DemoRun): Promise<number> {
  const report = new TextJobReport(isJson);
  signal.addEventListener("abort", () => report.stopping());
  try {
    const job = {
      name: "moby-dick",
      texts: [await loadMobyDick()],
      options: { ...SMALL, ...epochs, seed },
      out,
      isJson,
    };
    const { generator, code } = await runTextJob(kit, job, report, signal);
    if (code !== 0) return code;
    if (!isJson) print("\nThe first words of the book, and how the model goes on:\n");
    return await writeText(generator, { prompt: "Call me Ishmael.", length: 600, seed }, signal, isJson);
  } finally {
    report.close();
  }
}
