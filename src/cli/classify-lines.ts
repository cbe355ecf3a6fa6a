/** What a classifier has learnt, and how well, as lines for a terminal, however narrow. */
import stringWidth from "string-width";
import type {
  ClassifyEvaluation,
  ClassifyStart,
  ClassResult,
  ClassScores,
  PartCounts,
} from "../tasks/index.ts";
import { oneLineName } from "./part-lines.ts";
import { count } from "./print.ts";

const whole = (n: number) => n.toLocaleString("en-US");
const NARROWEST_NAME = 6;
/** Names that can stand over a column. */
const SHORT_NAME = 5;

/** A text in so many columns of the terminal; of a long one the beginning and the end: names differ there. */
function inColumns(text: string, columns: number): string {
  let cut = text;
  if (stringWidth(cut) > columns) {
    const head = [...text];
    const tail = head.splice(head.length >> 1);
    const width = () => stringWidth(head.join("")) + stringWidth(tail.join(""));
    while (width() > columns - 1 && head.length + tail.length > 1) {
      if (head.length > tail.length) head.pop();
      else tail.shift();
    }
    cut = `${head.join("")}…${tail.join("")}`;
  }
  return cut + " ".repeat(Math.max(0, columns - stringWidth(cut)));
}

/** A table whose first column is names, to the left, and whose others are numbers, to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string[] {
  const widths = head
    .slice(1)
    .map((title, c) => Math.max(title.length, ...rows.map((row) => row[c + 1]!.length)));
  const taken = widths.reduce((sum, width) => sum + width + 2, 0);
  const longest = Math.max(stringWidth(head[0]!), ...rows.map((row) => stringWidth(row[0]!)));
  const names = Math.max(Math.min(longest, columns - taken), NARROWEST_NAME);
  return [head, ...rows].map(([name = "", ...cells]) =>
    `${inColumns(name, names)}${cells.map((cell, c) => `  ${cell.padStart(widths[c]!)}`).join("")}`.trimEnd(),
  );
}

const READS = { text: "texts", tokens: "sequences of tokens", numbers: "sequences of numbers" };

/** What there is to learn from. */
export function startLines(
  name: string,
  { input, labels, classes, parts, settings, parameters, baseline }: ClassifyStart,
  columns: number,
): string[] {
  const { cell, units, layers, bidirectional, batchSize, epochs } = settings;
  const there = Object.entries(parts).filter((part): part is [string, PartCounts] => part[1] !== null);
  const sizes = there.map(([part, { sequences }]) => `${part} ${whole(sequences)}`).join(", ");
  const kind =
    labels === "many" ? "several labels each" : labels === "steps" ? "a class for each step" : "a class each";
  const network = `${bidirectional ? "bidirectional " : ""}${cell.toUpperCase()} of ${Array(layers).fill(units).join(" and ")}`;
  return [
    `${name}: ${READS[input]}, ${kind}; ${sizes}`,
    "",
    ...table(
      ["class", ...there.map(([part]) => part)],
      classes.map((one, c) => [oneLineName(one), ...there.map(([, { classes }]) => whole(classes[c]!))]),
      columns,
    ),
    "",
    ...(baseline
      ? [`${capital(baseline.name)}: accuracy ${baseline.accuracy.toFixed(4)} on the test part`]
      : []),
    `${network[0]!.toUpperCase()}${network.slice(1)} units, ${whole(parameters)} weights; batches of ${batchSize}, at most ${count(epochs, "epoch")}`,
  ];
}

const capital = (text: string) => `${text[0]!.toUpperCase()}${oneLineName(text.slice(1))}`;
const shares = ({ precision, recall, f1 }: ClassScores) =>
  [precision, recall, f1].map((share) => share.toFixed(3));

/** A whole evaluation. @param of what is measured: `Test part` */
export function evaluationLines(of: string, evaluation: ClassifyEvaluation, columns: number): string[] {
  const {
    labels,
    sequences,
    rows,
    accuracy,
    labelAccuracy,
    loss,
    baselines,
    classes,
    confusion,
    words,
    micro,
  } = evaluation;
  const baseline = baselines
    .map(({ name, accuracy }) => `${oneLineName(name)}: ${accuracy.toFixed(4)}`)
    .join(", ");
  const counted =
    labels === "steps" ? `${count(sequences, "sequence")}, ${whole(rows)} steps` : count(rows, "sequence");
  const average = (name: string, scores: ClassScores) => [name, ...shares(scores), ""];
  return [
    `${of}: accuracy ${accuracy.toFixed(4)} (${baseline}), loss ${loss.toFixed(4)}; ${counted}`,
    ...(labelAccuracy === undefined
      ? []
      : [
          `All labels of a sequence right: ${accuracy.toFixed(4)}; single labels right: ${labelAccuracy.toFixed(4)}`,
        ]),
    ...(words && words.read > 0
      ? [
          `Unknown words: ${((100 * words.unknown) / words.read).toFixed(1)} % of the ${whole(words.read)} that were read`,
        ]
      : []),
    ...worseLines(evaluation),
    "",
    ...table(
      ["class", "precision", "recall", "f1", labels === "steps" ? "steps" : "rows"],
      [
        ...classes.filter(isThere).map((one) => [oneLineName(one.name), ...shares(one), whole(one.support)]),
        average("(mean)", evaluation.macro),
        average("(weighted)", evaluation.weighted),
        ...(micro ? [average("(all labels)", micro)] : []),
      ],
      columns,
    ),
    ...(confusion ? ["", ...confusionLines(classes, confusion, columns)] : []),
    "",
    ...calibrationLines(evaluation),
  ];
}

const isThere = ({ support, predicted }: ClassResult) => support + predicted > 0;

/** Where no network is needed. */
function worseLines({ accuracy, baselines }: ClassifyEvaluation): string[] {
  const better = baselines.find((one) => one.accuracy >= accuracy && accuracy < 1);
  return better
    ? [`That is no better than ${oneLineName(better.name)}: more data, or other settings, are wanted.`]
    : [];
}

/** The table where it fits; else the confusions that are most frequent. */
function confusionLines(
  classes: readonly ClassResult[],
  confusion: readonly (readonly number[])[],
  columns: number,
): string[] {
  const shown = classes.map((_, c) => c).filter((c) => isThere(classes[c]!));
  const names = shown.map((c) => oneLineName(classes[c]!.name));
  const isShort = names.every((name) => stringWidth(name) <= SHORT_NAME);
  const numbered = isShort ? names : shown.map((_, k) => String(k + 1));
  const rows = shown.map((c, k) => [
    isShort ? names[k]! : `${numbered[k]} ${names[k]}`,
    ...shown.map((d) => whole(confusion[c]![d]!)),
  ]);
  const widths = shown.map(
    (_, k) => Math.max(numbered[k]!.length, ...rows.map((row) => row[k + 1]!.length)) + 2,
  );
  const taken = widths.reduce((sum, width) => sum + width, 0);
  if (taken + NARROWEST_NAME + 4 <= columns) {
    return [
      "Of each class (a row) so many were answered with each (a column):",
      ...table(["", ...numbered], rows, columns),
    ];
  }
  const mistakes = shown.flatMap((c) =>
    shown.filter((d) => d !== c && confusion[c]![d]! > 0).map((d) => ({ c, d, n: confusion[c]![d]! })),
  );
  mistakes.sort((a, b) => b.n - a.n || a.c - b.c || a.d - b.d);
  const most = mistakes
    .slice(0, 10)
    .map(
      ({ c, d, n }) => `  ${oneLineName(classes[c]!.name)} as ${oneLineName(classes[d]!.name)}: ${whole(n)}`,
    );
  return mistakes.length === 0
    ? ["No class was taken for another."]
    : ["Taken for another class most often:", ...most];
}

function calibrationLines({ calibration: { error, bins }, labels }: ClassifyEvaluation): string[] {
  const there = bins.filter((bin) => bin.count > 0);
  const what = labels === "many" ? "how often a label is there" : "how often answers are right";
  return [
    `Calibration: probabilities are off by ${error.toFixed(3)} on average (said, and ${what})`,
    ...table(
      ["between", "said", "right", "of"],
      there.map(({ from, to, confidence, accuracy, count }) => [
        `${from.toFixed(1)} and ${to.toFixed(1)}`,
        confidence.toFixed(2),
        accuracy.toFixed(2),
        whole(count),
      ]),
      Number.POSITIVE_INFINITY,
    ).map((line) => `  ${line}`),
  ];
}
