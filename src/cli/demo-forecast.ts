import { writeWhole } from "../disk/disk-node.ts";
import { loadBirths } from "../node.ts";
import { forecastLines } from "../picture/forecast-terminal.ts";
import { csvLines } from "../tasks/forecast/csv-lines.ts";
import type { DemoRun } from "./demo-run.ts";
import { forecastView } from "./forecast-output.ts";
import { ForecastTraining } from "./forecast-report.ts";
import { INTERRUPTED } from "./interruption.ts";
import { print, printJson } from "./print.ts";
import { BIRTHS_HORIZON, holidaysFor, trainOn } from "./train-forecast.ts";

/** Births in the United States, with holidays, four weeks ahead. @returns the exit code */
export async function demoForecast({ kit, seed, epochs, out, isJson, signal }: DemoRun): Promise<number> {
  const progress = new ForecastTraining(isJson);
  signal.addEventListener("abort", () => progress.stopping());
  try {
    const set = await loadBirths();
    const holidays = await holidaysFor("US", set);
    const options = { horizon: BIRTHS_HORIZON, holidays, seed, ...epochs };
    const model = await trainOn(kit, "births", set, options, { progress, signal, isJson });
    if (!model) return INTERRUPTED;
    if (out !== null) await writeWhole(out, await model.save());
    const made = await model.predict(set);
    if (isJson) {
      printJson({ event: "forecast", ...made });
      return 0;
    }
    const columns = process.stdout.columns || 80;
    print(`\n${forecastLines(forecastView(made, set), { columns }).join("\n")}\n`);
    for (const line of csvLines(made, set)) print(line);
    print("\nThe same with a file of your own: lstmkit train sales.csv --task forecast --horizon 28");
    return 0;
  } finally {
    progress.close();
  }
}
