/** evaluate, with a model of the task classify. */
import { basename } from "node:path";
import { loadClassifier } from "../tasks/index.ts";
import type { Arguments } from "./arguments.ts";
import { tellFindings, terminalColumns } from "./classify-job.ts";
import { evaluationLines } from "./classify-lines.ts";
import { readingFor, sequencesAt } from "./classify-model.ts";
import { checkReportPath, writeReport } from "./classify-report-file.ts";
import { print, printJson } from "./print.ts";
import { openRuntime, readRuntimeFlags } from "./runtime-flags.ts";
import { readSequenceFlags } from "./sequence-flags.ts";

/** @returns the exit code */
export async function evaluateClassify(args: Arguments, bytes: Uint8Array): Promise<number> {
  const [, path] = args.positionals as [string, string];
  const runtime = readRuntimeFlags(args);
  const asked = readSequenceFlags(args);
  const report = args.text("report");
  if (report !== undefined) checkReportPath(report);
  const kit = await openRuntime(args, runtime);
  const model = await loadClassifier(kit, bytes);
  const set = await sequencesAt(path, readingFor(model.reads!, asked));
  const name = path === "-" ? "the standard input" : basename(path);
  const evaluation = await model.evaluate(set);
  if (report !== undefined) await writeReport(report, { title: name, evaluation });
  if (args.has("json"))
    printJson({ event: "evaluate", dataset: name, ...evaluation, findings: set.findings });
  else {
    tellFindings(name, set.findings);
    for (const line of evaluationLines(name, evaluation, terminalColumns())) print(line);
    if (report !== undefined) print(`Report written to ${report}`);
  }
  await kit.close();
  return 0;
}
