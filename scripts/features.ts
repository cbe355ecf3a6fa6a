/** FEATURES.md: what is registered, beside what Keras has. */
import { readFileSync } from "node:fs";
import { LAYERS } from "../src/layers/index.ts";
import { LOSSES } from "../src/losses/index.ts";
import { METRICS } from "../src/metrics/index.ts";
import { OPTIMIZERS } from "../src/optimizers/index.ts";
import type { Option } from "../src/options.ts";

type Kinds = Readonly<Record<string, object>>;
type Arguments = Readonly<Record<string, readonly string[]>>;

/** What Keras's classes take beside name, dtype and trainable; test/fixtures/README.md says how it was read. */
const KERAS = JSON.parse(
  readFileSync(new URL("../test/fixtures/keras-arguments.json", import.meta.url), "utf8"),
) as { readonly keras: string } & Readonly<Record<"layers" | "losses" | "metrics" | "optimizers", Arguments>>;

export function featuresPage(): string {
  return `# Features

What there is, by Keras ${KERAS.keras}'s names, and what of Keras's there is not: an option that is not here is
refused by its name. Made from the registries by \`npm run generate\`; a test fails where it is not current.

## Layers

${table(LAYERS, KERAS.layers)}

## Losses

${table(LOSSES, KERAS.losses)}

## Metrics

\`accuracy\` stands for the kind of accuracy that goes with the loss.

${table(METRICS, KERAS.metrics)}

## Optimisers

${table(OPTIMIZERS, KERAS.optimizers)}
`;
}

function table(kinds: Kinds, keras: Arguments): string {
  const rows = Object.entries(keras).map(([title, all]) => {
    const name = Object.keys(kinds).find((own) => own.toLowerCase() === title.toLowerCase());
    if (name === undefined) return [title, REASONS[title] ? `no: ${REASONS[title]}` : "", "", ""];
    const have = optionsOf(kinds[name]!).map(([option]) => snakeCase(option));
    return [
      title,
      `\`${name}\``,
      defaultsOf(kinds[name]!),
      all.filter((arg) => !have.includes(arg)).join(", "),
    ];
  });
  const titles = Object.keys(keras).map((title) => title.toLowerCase());
  const beyond = Object.keys(kinds).filter((name) => !titles.includes(name.toLowerCase()));
  const lines = [
    ["Keras", "here", "options, with defaults", "of Keras's, not here"],
    ["---", "---", "---", "---"],
    ...rows,
    ...beyond.map((name) => ["not there", `\`${name}\``, defaultsOf(kinds[name]!), ""]),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function optionsOf(kind: object): [string, Option][] {
  const { options = {} } = kind as { readonly options?: Readonly<Record<string, Option>> };
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
};

/** Options that every layer has. */
const COMMON = ["name", "inputShape"];

/** As Keras spells an option; two of ours have a digit that it sets apart. */
const snakeCase = (name: string) => name.replace(/[A-Z]|(?<=beta)\d/g, (part) => `_${part.toLowerCase()}`);
