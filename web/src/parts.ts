/** What the parts of a run's data hold: an accuracy is to be seen beside it. */
import type { SplitCounts } from "lstmkit/data";
import { element } from "./elements.ts";
import type { Language } from "./page.ts";
import { trainText } from "./train.text.ts";
import type { Run } from "./training.ts";
import { formatNumber } from "./words.ts";

/** Of each class how many, what one answer to all would reach, and which class is missing. */
export function partsOf({ classes, counts }: Run, language: Language): HTMLElement[] {
  const words = trainText[language];
  const number = (value: number) => formatNumber(language, value);
  const percent = (value: number) =>
    formatNumber(language, value, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const told = (part: SplitCounts) =>
    `${number(part.samples)} (${classes.map((name, i) => `${number(part.classes[i]!)} ${name}`).join(", ")})`;
  const { train, test } = counts;
  const lines = [
    words.parts(told(train), told(test)),
    words.always(classes[test.classes[1] > test.classes[0] ? 1 : 0], percent(test.baseline)),
  ];
  if (test.words !== undefined && test.unknown !== undefined) {
    const share = test.words === 0 ? 0 : test.unknown / test.words;
    lines.push(words.unknownWords(percent(share), number(test.words)));
  }
  const missing = ([part, title]: readonly [SplitCounts, string]) =>
    classes.filter((_, label) => part.classes[label] === 0).map((name) => words.classMissing(title, name));
  const cautions = [[train, words.finalTrain] as const, [test, words.finalTest] as const].flatMap(missing);
  return [
    element("p", { class: "about" }, lines.join(" ")),
    ...cautions.map((caution) => element("p", { class: "wrong" }, caution)),
  ];
}
