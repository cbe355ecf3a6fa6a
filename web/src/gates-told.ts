/** What the view of the gates says in words and numbers about a passage. */
import { element } from "./elements.ts";
import { gatesText } from "./gates.text.ts";
import type { Cell } from "./heat-map.ts";
import type { Language, Step } from "./page.ts";
import type { Passage } from "./passage.ts";
import { largest, median } from "./trace-statistics.ts";
import { formatNumber } from "./words.ts";

/** A move of the prediction, or what is erased above what mostly is, that is worth naming. */
const NOTABLE = 0.05;
/** How many places are named. */
const NAMED = 3;

/** In which language to speak, and of which classes. */
export interface Telling {
  readonly language: Language;
  readonly classes: readonly [string, string];
}

export function labelOf({ language }: Telling, { word, kind }: Step): string {
  const words = gatesText[language];
  if (kind === "padding") return words.paddingStep;
  if (kind === "start") return words.start;
  return kind === "unknown" ? words.unknown(word) : word;
}

/** In the visitor's language where there is a word for it. */
export function panelTitle({ language }: Telling, { kinds }: Passage, name: string): string {
  return gatesText[language].panels[name] ?? kinds[name]!.title;
}

/** Rows where the prediction moves most, largest first. */
function notableMoves({ moves }: Passage): number[] {
  return largest(moves.map(Math.abs), NAMED, NOTABLE);
}

/** For each row the points that the prediction moves, where it is one of those that move it most; else "". */
export function movesOf({ language }: Telling, passage: Passage): string[] {
  const notable = new Set(notableMoves(passage));
  return passage.moves.map((move, row) =>
    notable.has(row)
      ? formatNumber(language, move * 100, { maximumFractionDigits: 0, signDisplay: "exceptZero" })
      : "",
  );
}

/** Where the forget gates close, and what moves the prediction, as far as anything stands out. */
export function findings(telling: Telling, passage: Passage): string {
  const words = gatesText[telling.language];
  const { steps, moves, erasures } = passage;
  const said: string[] = [];
  if (erasures) {
    const usual = median(erasures);
    const erased = largest(erasures, NAMED, usual + NOTABLE);
    const places = erased.map((row) =>
      words.erasedAt(labelOf(telling, steps[row]!), share(telling, erasures[row]!)),
    );
    said.push(
      places.length
        ? words.erased(words.list(places), share(telling, usual))
        : words.erasedEvenly(share(telling, usual)),
    );
  }
  const moved = notableMoves(passage).map((row) => {
    const points = formatNumber(telling.language, Math.abs(moves[row]!) * 100, { maximumFractionDigits: 0 });
    return words.movedAt(labelOf(telling, steps[row]!), points, telling.classes[moves[row]! > 0 ? 1 : 0]);
  });
  said.push(moved.length ? words.moved(words.list(moved)) : words.movedLittle);
  return said.join(" ");
}

/** The word, the unit, every value there is at a cell, and the prediction after the word. */
export function cellTold(telling: Telling, passage: Passage, { row, column }: Cell): (Node | string)[] {
  const words = gatesText[telling.language];
  const { units, rows, steps, kinds, values, order, answers } = passage;
  const unit = order[column]!;
  const told = Object.keys(kinds).map(
    (name) => `${panelTitle(telling, passage, name)} ${decimal(telling, values[name]![row * units + unit]!)}`,
  );
  const answer = answers[row]!;
  const leaning = answer < 0.5 ? 0 : 1;
  return [
    element("strong", {}, words.place(row + 1, rows, labelOf(telling, steps[row]!), unit + 1)),
    ` ${told.join(" · ")}. `,
    words.answerHere(share(telling, leaning ? answer : 1 - answer), telling.classes[leaning]),
  ];
}

/** A row for each word: the prediction, and what the forget gates do. */
export function tableOf(telling: Telling, passage: Passage): HTMLTableElement {
  const words = gatesText[telling.language];
  const { rows, steps, answers, erasures, meanForget } = passage;
  const head = [words.word, `${words.answer} (${telling.classes[1]})`];
  if (erasures && meanForget) head.push(words.meanForget, words.erasedShare);
  const body = Array.from({ length: rows }, (_, row) => {
    const cells = [share(telling, answers[row]!)];
    if (erasures && meanForget) {
      cells.push(decimal(telling, meanForget[row]!), share(telling, erasures[row]!));
    }
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, labelOf(telling, steps[row]!)),
      ...cells.map((cell) => element("td", {}, cell)),
    );
  });
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...body),
  );
}

function share({ language }: Telling, value: number): string {
  return formatNumber(language, value, { style: "percent", maximumFractionDigits: 0 });
}

function decimal({ language }: Telling, value: number): string {
  return formatNumber(language, value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
