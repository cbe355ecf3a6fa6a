/** FEATURES.md: what is registered, beside what Keras and TensorFlow.js have. */
import { readFileSync } from "node:fs";
import { LAYERS } from "../src/layers/index.ts";
import { LOSSES } from "../src/losses/index.ts";
import { METRICS } from "../src/metrics/index.ts";
import { OPTIMIZERS } from "../src/optimizers/index.ts";
import { SCHEDULES } from "../src/optimizers/schedules.ts";
import type { Option } from "../src/options.ts";
import { EVALUATE_OPTIONS, FIT_OPTIONS, PREDICT_OPTIONS } from "../src/train/options.ts";

type Kinds = Readonly<Record<string, object>>;
type Arguments = Readonly<Record<string, readonly string[]>>;
type Family =
  | "layers"
  | "losses"
  | "metrics"
  | "optimizers"
  | "schedules"
  | "regularizers"
  | "callbacks"
  | "calls";
type Peer = Readonly<Record<Family, Arguments>> & { readonly keras: string; readonly tfjs: string };

/** What their classes and functions take; test/fixtures/README.md says how it was read. */
const [KERAS, TFJS] = ["keras", "tfjs"].map((name) =>
  JSON.parse(readFileSync(new URL(`../test/fixtures/${name}-arguments.json`, import.meta.url), "utf8")),
) as [Peer, Peer];

/** Kinds of one option each, as Keras has them. */
const REGULARIZERS = {
  l1: { options: { l1: {} } },
  l2: { options: { l2: {} } },
  l1l2: { options: { l1: {}, l2: {} } },
};

/** Data come first; `compile` has its own table in src/model/compile.ts. */
const CALLS = {
  compile: { options: { optimizer: {}, loss: {}, lossWeights: {}, metrics: {} } },
  fit: { options: { x: {}, y: {}, ...FIT_OPTIONS } },
  evaluate: { options: { x: {}, y: {}, ...EVALUATE_OPTIONS } },
  predict: { options: { x: {}, ...PREDICT_OPTIONS } },
};

export function featuresPage(): string {
  return `# Features

What there is, beside Keras ${KERAS.keras} and TensorFlow.js ${TFJS.tfjs}, by Keras's names: what of Keras's options there is
not, which are refused by their names, and what of them TensorFlow.js has not. Made from the registries by
\`npm run generate\`; a test fails where it is not current.

## Layers

Every layer has a \`name\`, and a first one an \`inputShape\`.

${table("layers", LAYERS)}

## Losses

${table("losses", LOSSES)}

## Metrics

\`accuracy\` stands for the kind of accuracy that goes with the loss.

${table("metrics", METRICS)}

## Optimisers

${table("optimizers", OPTIMIZERS)}

## Learning rates

${table("schedules", SCHEDULES)}

## Regularizers

Plain data: \`"l1"\`, \`"l2"\`, or an object with both.

${table("regularizers", REGULARIZERS)}

## Calls

${table("calls", CALLS)}
`;
}

function table(family: Family, kinds: Kinds): string {
  const keras = KERAS[family];
  const rows = Object.entries(keras).map(([title, all]) => {
    const name = Object.keys(kinds).find((own) => own.toLowerCase() === title.toLowerCase());
    const missing = (have: readonly string[]) => all.filter((arg) => !have.includes(arg)).join(", ");
    const theirs = TFJS[family][title];
    const tfjs = theirs ? missing(theirs.map(snakeCase)) || "all" : "no";
    if (name === undefined) return [title, `no${REASONS[title] ? `: ${REASONS[title]}` : ""}`, "", "", tfjs];
    const have = optionsOf(kinds[name]!).map(([option]) => snakeCase(option));
    return [title, `\`${name}\``, defaultsOf(kinds[name]!), missing(have), tfjs];
  });
  const titles = Object.keys(keras).map((title) => title.toLowerCase());
  const beyond = Object.keys(kinds).filter((name) => !titles.includes(name.toLowerCase()));
  const lines = [
    ["Keras", "here", "options, with defaults", "of Keras's, not here", "of Keras's, not in TensorFlow.js"],
    ["---", "---", "---", "---", "---"],
    ...rows,
    ...beyond.map((name) => ["not there", `\`${name}\``, defaultsOf(kinds[name]!), "", "no"]),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function optionsOf(kind: object): [string, Partial<Option>][] {
  const { options = {} } = kind as { readonly options?: Readonly<Record<string, Partial<Option>>> };
  return Object.entries(options).filter(([option]) => !COMMON.includes(option));
}

const defaultsOf = (kind: object) =>
  optionsOf(kind)
    .map(([option, { fallback }]) =>
      fallback === undefined ? `\`${option}\`` : `\`${option}\` ${JSON.stringify(fallback)}`,
    )
    .join(", ");

/** Why there is none of a kind. */
const REASONS: Readonly<Record<string, string>> = {
  BatchNormalization:
    "its mean is of a whole batch, and here a few samples go there and back while they are in cache; take " +
    "`layerNormalization`",
  RNN: "a kind of recurrent layer is a file, not a cell in a wrapper",
  StackedRNNCells: "give the layers one after the other",
  LSTMCell: "see `lstm`, and a model's `stream` for one timestep",
  GRUCell: "see `gru`, and a model's `stream` for one timestep",
  SimpleRNNCell: "see `simpleRNN`, and a model's `stream` for one timestep",
  ConvLSTM1D: "no layer takes more than one axis beside time",
  Concatenate: "a model is a list of layers; `bidirectional` joins its two by itself",
  Add: "a model is a list of layers",
  Attention: "it reads two sequences, and a model is a list of layers",
  MultiHeadAttention: "it reads two sequences, and a model is a list of layers",
  Poisson: "no head gives positive numbers alone",
  KLDivergence: "its gradient behind a softmax is that of `categoricalCrossentropy`",
};

/** Options that every layer has. */
const COMMON = ["name", "inputShape"];

/** As Keras spells an option; two of ours have a digit that it sets apart. */
const snakeCase = (name: string) => name.replace(/[A-Z]|(?<=beta)\d/g, (part) => `_${part.toLowerCase()}`);
