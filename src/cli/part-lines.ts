/** What the parts of a data set hold, in words and for programs. */
import type { SplitCounts } from "../data/counts.ts";
import type { TextDataset } from "../data/dataset.ts";
import { count } from "./print.ts";

type Classes = TextDataset["classes"];

const whole = (n: number) => n.toLocaleString("en-US");

/** A name of a class on one line: it comes from a file. */
export function oneLineName(name: string): string {
  const line = name.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME - 1)}…` : line;
}

const LONGEST_NAME = 40;

/** `160 (152 ham, 8 spam)` */
export function countLine({ samples, classes }: SplitCounts, names: Classes): string {
  return `${whole(samples)} (${names.map((name, i) => `${whole(classes[i]!)} ${oneLineName(name)}`).join(", ")})`;
}

/**
 * What an accuracy is to be seen beside: that of one answer to all, and how much of the texts is unknown.
 *
 * @param of what was counted: "the test part"
 */
export function factLines(
  { classes, baseline, words, unknown }: SplitCounts,
  names: Classes,
  of: string,
): string[] {
  const always = oneLineName(names[classes[1] > classes[0] ? 1 : 0]);
  const lines = [`Always ${always}: accuracy ${baseline.toFixed(4)} on ${of}`];
  if (words !== undefined && unknown !== undefined) {
    const share = words === 0 ? 0 : (100 * unknown) / words;
    lines.push(`Unknown words: ${share.toFixed(1)} % of the ${whole(words)} in ${of}`);
  }
  return lines;
}

/** What makes an accuracy say less than it seems to. */
export function cautions(
  data: Pick<TextDataset, "classes" | "overlap">,
  counts: { readonly train: SplitCounts; readonly test: SplitCounts },
): string[] {
  const lines = (["train", "test"] as const).flatMap((part) =>
    data.classes
      .filter((_, label) => counts[part].classes[label] === 0)
      .map((name) => {
        const title = part === "train" ? "training" : "test";
        return `The ${title} part has no ${oneLineName(name)}: its accuracy says little. Give more different texts of it.`;
      }),
  );
  const { overlap = 0 } = data;
  if (overlap > 0) {
    const texts = `${whole(overlap)} of ${count(counts.test.samples, "test text")}`;
    lines.push(`${texts} are in the training part, too: what is right about them may be learnt by heart.`);
  }
  return lines;
}

/** For an event of --json. */
export function countEvent({ classes, ...others }: SplitCounts) {
  return { ...others, counts: classes };
}
