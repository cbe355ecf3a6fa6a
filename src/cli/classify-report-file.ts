/** A report as a file: a table for spreadsheets, a page for a browser, or JSON. */
import { writeWhole } from "../disk/disk-node.ts";
import type { ClassifyEvaluation, ClassifyReport, ClassScores } from "../tasks/index.ts";
import { UsageError } from "./arguments.ts";

/** What is to be written. */
export interface ReportOf {
  /** What was measured, such as `sensors, test part`. */
  readonly title: string;
  readonly evaluation: ClassifyEvaluation;
  /** Of a training. */
  readonly report?: ClassifyReport;
}

const WRITERS: Readonly<Record<string, (of: ReportOf) => string>> = {
  csv: csvOf,
  html: htmlOf,
  json: ({ title, evaluation, report }) =>
    `${JSON.stringify({ title, evaluation, ...(report && { report }) }, null, 2)}\n`,
};

const endingOf = (path: string) => /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";

/** @throws UsageError for a path that says no kind of file */
export function checkReportPath(path: string): void {
  if (!Object.hasOwn(WRITERS, endingOf(path))) {
    throw new UsageError(
      `--report is ${JSON.stringify(path)}; wanted the path of a .csv, .html or .json file.`,
    );
  }
}

export async function writeReport(path: string, of: ReportOf): Promise<void> {
  await writeWhole(path, new TextEncoder().encode(WRITERS[endingOf(path)]!(of)));
}

const cell = (text: string | number) =>
  /[",\r\n]/.test(String(text)) ? `"${String(text).replaceAll('"', '""')}"` : String(text);

/** A row a class: its numbers, and how often it was answered with each other. */
function csvOf({ evaluation }: ReportOf): string {
  const { classes, confusion, macro, weighted, micro, accuracy } = evaluation;
  const answered = confusion ? classes.map(({ name }) => `answered ${name}`) : [];
  const average = (name: string, { precision, recall, f1 }: ClassScores) => [
    name,
    "",
    "",
    precision,
    recall,
    f1,
    ...answered.map(() => ""),
  ];
  const rows = [
    ["class", "rows", "answered", "precision", "recall", "f1", ...answered],
    ...classes.map(({ name, support, predicted, precision, recall, f1 }, c) => [
      name,
      support,
      predicted,
      precision,
      recall,
      f1,
      ...(confusion?.[c] ?? []),
    ]),
    average("(mean)", macro),
    average("(weighted)", weighted),
    ...(micro ? [average("(all labels)", micro)] : []),
    ["(accuracy)", evaluation.rows, "", accuracy, "", "", ...answered.map(() => "")],
  ];
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

const escaped = (text: string) =>
  text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/\p{Cc}+/gu, " ");

const share = (n: number) => n.toFixed(3);

function htmlOf({ title, evaluation, report }: ReportOf): string {
  const { accuracy, labelAccuracy, loss, baselines, classes, macro, weighted, micro, rows, calibration } =
    evaluation;
  const row = (name: string, scores: ClassScores, support: string) =>
    `<tr><th>${escaped(name)}</th><td>${share(scores.precision)}</td><td>${share(scores.recall)}</td><td>${share(scores.f1)}</td><td>${support}</td></tr>`;
  const facts = [
    `Accuracy ${accuracy.toFixed(4)} on ${rows.toLocaleString("en-US")} rows; ${baselines.map(({ name, accuracy }) => `${escaped(name)} ${accuracy.toFixed(4)}`).join(", ")}; loss ${loss.toFixed(4)}.`,
    ...(labelAccuracy === undefined ? [] : [`Single labels right: ${labelAccuracy.toFixed(4)}.`]),
    ...(report?.findings ?? []).map(({ message }) => `${escaped(message)}.`),
  ];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-block: 1rem }
th, td { padding: 0.2rem 0.7rem; text-align: right; border-bottom: 1px solid #8884 }
th { font-weight: 600 } tr > th:first-child { text-align: left }
.scroll { overflow-x: auto }
svg { max-width: 24rem; width: 100% } text { font: 11px system-ui, sans-serif; fill: currentColor }
</style>
<h1>${escaped(title)}</h1>
${facts.map((fact) => `<p>${fact}</p>`).join("\n")}
<h2>Classes</h2>
<div class="scroll"><table><tr><th>class</th><th>precision</th><th>recall</th><th>f1</th><th>rows</th></tr>
${classes.map((one) => row(one.name, one, String(one.support))).join("\n")}
${row("mean", macro, "")}
${row("weighted", weighted, "")}
${micro ? row("all labels", micro, "") : ""}</table></div>
${confusionHtml(evaluation)}
<h2>Calibration</h2>
<p>Probabilities are off by ${share(calibration.error)} on average. The line is where what is said and what is right are the same.</p>
${reliabilitySvg(evaluation)}
</html>
`;
}

function confusionHtml({ classes, confusion }: ClassifyEvaluation): string {
  if (!confusion) return "";
  const head = classes.map(({ name }) => `<th>${escaped(name)}</th>`).join("");
  const rows = confusion.map((answers, c) => {
    const all = Math.max(classes[c]!.support, 1);
    const cells = answers.map((n, d) => {
      const strength = ((n / all) * 0.7).toFixed(3);
      const colour = c === d ? `rgb(40 140 90 / ${strength})` : `rgb(200 60 50 / ${strength})`;
      return `<td style="background: ${colour}">${n}</td>`;
    });
    return `<tr><th>${escaped(classes[c]!.name)}</th>${cells.join("")}</tr>`;
  });
  return `<h2>Confusion</h2>
<p>Of each class (a row) so many were answered with each (a column).</p>
<div class="scroll"><table><tr><th></th>${head}</tr>
${rows.join("\n")}</table></div>`;
}

function reliabilitySvg({ calibration: { bins } }: ClassifyEvaluation): string {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const bars = bins.map(({ from, to, count, confidence, accuracy }) => {
    const [x, width, height] = [20 + from * 180, (to - from) * 180 - 2, accuracy * 180];
    const opacity = (0.25 + 0.75 * (count / most)).toFixed(2);
    return `<rect x="${x.toFixed(1)}" y="${(190 - height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="#3a7bd5" opacity="${count === 0 ? 0 : opacity}"><title>said ${confidence.toFixed(2)}, right ${accuracy.toFixed(2)}, of ${count}</title></rect>`;
  });
  return `<svg viewBox="0 0 220 215" role="img" aria-label="How often answers are right, by what they say">
${bars.join("\n")}
<path d="M20 190 L200 10" stroke="currentColor" stroke-dasharray="4 3" fill="none"/>
<path d="M20 10 V190 H200" stroke="currentColor" fill="none"/>
<text x="110" y="208" text-anchor="middle">said</text><text x="10" y="100" text-anchor="middle" transform="rotate(-90 10 100)">right</text>
</svg>`;
}
