/** What a run is made with: the flags of `lstmkit train`, their defaults and their ranges. */
import { dense, embedding, type Layer, lstm, simpleRNN } from "lstmkit";
import type { Cell } from "./page.ts";

export interface Settings {
  readonly cell: Cell | "both";
  /** Of each recurrent layer. */
  readonly units: readonly number[];
  readonly outputDim: number;
  readonly dropout: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly validationFreq: number;
  readonly seed: number;
  readonly maxLen: number;
  readonly numWords: number;
  readonly threads: number | "auto";
}

/** The settings that are one number. */
export type NumberName =
  | "outputDim"
  | "dropout"
  | "learningRate"
  | "batchSize"
  | "epochs"
  | "validationFreq"
  | "seed"
  | "maxLen"
  | "numWords";

interface NumberRule {
  /** The flag of `lstmkit train`. */
  readonly flag: string;
  readonly fallback: number;
  readonly isWhole: boolean;
  readonly accepts: (value: number) => boolean;
}

const LARGEST = 2 ** 31 - 1;

function whole(flag: string, fallback: number, least: number, most = LARGEST): NumberRule {
  return { flag, fallback, isWhole: true, accepts: (n) => Number.isInteger(n) && n >= least && n <= most };
}

export const NUMBERS: Readonly<Record<NumberName, NumberRule>> = {
  outputDim: whole("embedding", 100, 1),
  dropout: { flag: "dropout", fallback: 0.5, isWhole: false, accepts: (share) => share >= 0 && share < 1 },
  learningRate: {
    flag: "lr",
    fallback: 0.001,
    isWhole: false,
    accepts: (rate) => rate > 0 && rate < Number.POSITIVE_INFINITY,
  },
  batchSize: whole("batch", 128, 1),
  epochs: whole("epochs", 4, 1),
  validationFreq: whole("validation-freq", 2, 1),
  seed: whole("seed", 0, 0, 2 ** 32 - 1),
  maxLen: whole("max-len", 80, 1),
  // 0 to 3 are the padding, the start, the unknown word and one that Keras leaves unused.
  numWords: whole("vocab", 10_000, 5),
};

export const DEFAULT_UNITS: readonly number[] = [64, 64];

/** Undefined for what is no such number. */
export function parseNumber(name: NumberName, written: string): number | undefined {
  const value = Number(written);
  return written.trim() !== "" && NUMBERS[name].accepts(value) ? value : undefined;
}

/** Whole numbers from 1 on with commas between; undefined for anything else. */
export function parseUnits(written: string): number[] | undefined {
  if (!/^\s*\d+\s*(,\s*\d+\s*)*$/.test(written)) return undefined;
  const units = written.split(",").map(Number);
  return units.every((n) => n >= 1 && n <= LARGEST) ? units : undefined;
}

/** The layers of `lstmkit train`. */
export function layersOf({ units, outputDim, dropout }: Settings, cell: Cell, inputDim: number): Layer[] {
  const recurrent = cell === "lstm" ? lstm : simpleRNN;
  return [
    embedding({ inputDim, outputDim }),
    ...units.map((n, i) => recurrent({ units: n, dropout, returnSequences: i < units.length - 1 })),
    dense({ units: 1, activation: "sigmoid" }),
  ];
}

/** What data a run was given, as `lstmkit train` would be. */
export type Source =
  | { readonly kind: "spam" }
  /** Without a file, Keras's was fetched. */
  | { readonly kind: "imdb"; readonly file?: string }
  | {
      readonly kind: "csv";
      readonly file: string;
      readonly text: string;
      readonly label: string;
      /** Where the columns are called by number. */
      readonly header?: false;
    };

/** The command that gives the same digest. Flags that say what is the default are left out, the seed's never. */
export function commandLine(settings: Settings, cell: Cell, source: Source): string {
  const flags: string[] = ["--cell", cell];
  if (settings.units.join() !== DEFAULT_UNITS.join()) flags.push("--units", settings.units.join());
  for (const [name, { flag, fallback }] of Object.entries(NUMBERS) as [NumberName, NumberRule][]) {
    if (settings[name] !== fallback || name === "seed") flags.push(`--${flag}`, String(settings[name]));
  }
  return ["lstmkit", "train", ...dataArguments(source), ...flags].map(quoted).join(" ");
}

function dataArguments(source: Source): string[] {
  switch (source.kind) {
    case "spam":
      return ["spam"];
    case "imdb":
      return source.file === undefined ? ["imdb"] : ["imdb", "--data", source.file];
    case "csv":
      return [
        source.file.startsWith("-") ? `./${source.file}` : source.file,
        // In one word, so that a name may begin with dashes.
        `--text=${source.text}`,
        `--label=${source.label}`,
        ...(source.header === false ? ["--no-header"] : []),
      ];
  }
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
