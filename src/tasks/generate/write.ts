/** A text that goes on, token by token. */
import { nextTurn, now } from "../../clock.ts";
import type { Finding } from "../../data/index.ts";
import { LstmkitError } from "../../errors.ts";
import type { Layer, Model, NamedTensor, Runtime, Stream } from "../../index.ts";
import { aFunction, aSignal, aString, number, type OptionTable, show, wholeNumber } from "../../options.ts";
import type { GeneratorFacts } from "./record.ts";
import { Sampler } from "./sampler.ts";
import { StopStrings } from "./stop-strings.ts";
import { eachToken, normalised, UNKNOWN, type Vocabulary } from "./tokens.ts";

/** Options of `generate()`. */
export interface GenerateOptions {
  /** What the text goes on from; it is read, and is not among what is given. Default "": a beginning of its own. */
  prompt?: string;
  /** Tokens to write at most. Default 400 characters, or 100 words and signs. */
  length?: number;
  /** Below 1 likelier, above 1 bolder; 0: the most likely token each time. 0, or from 0.01 to 100. Default 0.8. */
  temperature?: number;
  /** Draw among the k most likely alone. Default all. */
  topK?: number;
  /** Draw among the most likely whose shares sum to p alone, in (0, 1]. Default all. */
  topP?: number;
  /** The same seed, the same text. Default 0. */
  seed?: number;
  /** The text ends in front of this, or of the first of these. Default none. */
  stop?: string | readonly string[];
  /** Told before the first piece of what in the prompt the model does not know. */
  onFinding?: (finding: Finding) => void;
  /** Ends the text; the iterator rejects with ABORTED. */
  signal?: AbortSignal;
}

const none = undefined;

export const GENERATE_OPTIONS = {
  prompt: { ...aString, fallback: "" },
  length: { ...wholeNumber(0), fallback: none },
  temperature: {
    ...number("0, or a number from 0.01 to 100", (n) => n === 0 || (n >= 0.01 && n <= 100)),
    fallback: 0.8,
  },
  topK: { ...wholeNumber(1), fallback: none },
  topP: { ...number("a number above 0, at most 1", (n) => n > 0 && n <= 1), fallback: none },
  seed: { ...wholeNumber(0, 2 ** 32 - 1), fallback: 0 },
  stop: {
    wanted: "a text, or a list of texts, none of them empty",
    accepts: (value: unknown) =>
      (Array.isArray(value) ? value : [value]).every((text) => typeof text === "string" && text !== ""),
    fallback: none,
  },
  onFinding: { ...aFunction, fallback: none },
  signal: { ...aSignal, fallback: none },
} satisfies OptionTable<GenerateOptions>;

/** {@link GenerateOptions}, checked. */
export type Wanted = Required<Pick<GenerateOptions, "prompt" | "temperature" | "seed">> &
  Omit<GenerateOptions, "prompt" | "temperature" | "seed">;

/** How long pieces are gathered before they are handed over, and the event loop has its turn: milliseconds. */
const PIECE_MS = 8;
/** Tokens of a prompt that are read in one call. */
const READ_AT_ONCE = 1024;
/** Added to the unknown token's bias: its share is then 0. */
const NEVER = -1e9;

/**
 * The text behind a prompt, in pieces as it is made.
 *
 * The temperature is in the weights: softmax((W·h + b) / t) is that of W/t and b/t, so the kernels do it, on a copy of
 * the model, and no engine's own exp has a part in it.
 */
export async function* write(
  kit: Runtime,
  model: Model,
  { vocabulary, readsUnknown, first }: GeneratorFacts,
  wanted: Wanted,
): AsyncGenerator<string, void, undefined> {
  const { length = vocabulary.unit === "words" ? 100 : 400, temperature, signal } = wanted;
  const { ids, findings } = readPrompt(vocabulary, wanted.prompt, readsUnknown);
  for (const finding of findings) wanted.onFinding?.(finding);
  if (ids.length === 0) ids.push(vocabulary.idOf(first));
  const copy = await tempered(kit, model, temperature === 0 ? 1 : temperature);
  try {
    const stream = await copy.stream();
    const step = (await stepper(kit, stream)) as (id: number) => Float32Array | Promise<Float32Array>;
    const sampler = new Sampler(vocabulary.size, {
      greedy: temperature === 0,
      ...{ topK: wanted.topK, topP: wanted.topP, seed: wanted.seed },
    });
    let shares = await read(stream, ids, signal);
    const stops = new StopStrings(wanted.stop ?? []);
    let piece = "";
    let since = now();
    for (let place = 0; place < length && !stops.isMet; place++) {
      const id = sampler.draw(shares, place);
      piece += stops.add(vocabulary.tokens[id - 1]!);
      if (now() - since >= PIECE_MS) {
        if (piece !== "") yield piece;
        piece = "";
        await nextTurn();
        checkAbort(signal);
        since = now();
      }
      if (place + 1 < length && !stops.isMet) {
        const next = step(id);
        shares = next instanceof Promise ? await next : next;
      }
    }
    piece += stops.end();
    if (piece !== "") yield piece;
  } finally {
    await copy.dispose();
  }
}

/** A step at once where the model is in this thread; by message where it is in a worker. */
async function stepper(kit: Runtime, stream: Stream) {
  const { where } = await kit.info();
  return where === "thread" ? (id: number) => stream.stepSync(id) : (id: number) => stream.step(id);
}

/** The shares behind the last of the ids. */
async function read(
  stream: Stream,
  ids: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  let last = new Float32Array(0);
  for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
    checkAbort(signal);
    const { data, shape } = await stream.steps([ids.slice(from, from + READ_AT_ONCE)]);
    last = data.slice(-shape[2]!);
    await nextTurn();
  }
  return last;
}

/** A copy of the model, in f32, that writes at this temperature and never the unknown token. */
async function tempered(kit: Runtime, model: Model, temperature: number): Promise<Model> {
  const weights = await model.getWeights();
  const [kernel, bias] = [weights.at(-2)!, weights.at(-1)!];
  const colder = ({ data, ...rest }: NamedTensor): NamedTensor => ({
    ...rest,
    data: data.map((weight) => weight / temperature),
  });
  const cold = colder(bias);
  cold.data[UNKNOWN] = NEVER;
  const copy = await kit.sequential(model.layers.map(unbound));
  await copy.setWeights([...weights.slice(0, -2), colder(kernel), cold]);
  return copy;
}

const unbound = (layer: Layer): Layer =>
  "stateful" in layer && layer.stateful ? { ...layer, stateful: false } : layer;

function checkAbort(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LstmkitError("ABORTED", "the text was ended by its signal.");
}

/** A prompt's ids, and what in it the model does not know. */
function readPrompt(
  vocabulary: Vocabulary,
  prompt: string,
  readsUnknown: boolean,
): { ids: number[]; findings: Finding[] } {
  const ids: number[] = [];
  const unknown = new Map<string, number>();
  let count = 0;
  eachToken(normalised(prompt), vocabulary.unit, (token) => {
    const id = vocabulary.idOf(token);
    if (id !== UNKNOWN || readsUnknown) ids.push(id);
    if (id !== UNKNOWN) return;
    count++;
    unknown.set(token, (unknown.get(token) ?? 0) + 1);
  });
  if (count === 0) return { ids, findings: [] };
  const thing = vocabulary.unit === "words" ? "word" : "character";
  const some = [...unknown.keys()].slice(0, MOST_NAMED).map((token) => show(token.trim() || token));
  const names = `${some.join(", ")}${unknown.size > MOST_NAMED ? ", …" : ""}`;
  const done = readsUnknown ? "read as the unknown one" : "left out";
  const message = `The prompt has ${count === 1 ? `a ${thing}` : `${count} ${thing}s`} that the model does not know: ${names}; ${done}.`;
  return { ids, findings: [{ code: "UNKNOWN_TOKENS", count, message }] };
}

const MOST_NAMED = 5;
