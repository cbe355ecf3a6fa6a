/** The worker of the place whose text goes on. */
import { expose, transfer } from "comlink";
import { LstmkitError, type Runtime } from "lstmkit";
import { decodeText, mobyDickFromBytes } from "lstmkit/data";
import mobyDickAddress from "lstmkit/moby-dick.bin?url";
import {
  type GenerateOptions,
  type GenerateReport,
  type GeneratorOptions,
  generator,
  loadGenerator,
  type TextGenerator,
} from "lstmkit/tasks";
import shippedAddress from "../../models/generate.safetensors?url";
import { fetchOwn } from "../fetch-own.ts";
import { Keeper } from "../tasks/keeper.ts";

export type Data = "moby-dick" | "own";

export interface TrainRequest {
  readonly data: Data;
  readonly options: GeneratorOptions;
  readonly threads: number | "auto";
}

/** A model that is there. */
export interface Opened {
  /** Null where the file has none. */
  readonly report: GenerateReport | null;
  readonly digest: string;
}

/** What is told while it trains: bits a token. */
export type Told = (progress: {
  epoch: number;
  epochs: number;
  batch: number;
  batches: number;
  loss: number;
  valLoss: number;
}) => void;

interface Made {
  readonly model: TextGenerator;
  readonly digest: string;
}

const keeper = new Keeper<Made>();
let given: readonly string[] = [];
let book: string | null = null;
let writing: AbortController | null = null;

/** @throws BAD_TEXT, BAD_ARGUMENT for what is no text by its name */
async function give(files: readonly File[]): Promise<void> {
  const wrong = files.find(({ name }) => !/\.(txt|md|text)$/i.test(name));
  if (wrong) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${wrong.name} is no text, by its name; wanted .txt or .md files.`,
    );
  }
  given = await Promise.all(files.map(async (file) => decodeText(new Uint8Array(await file.arrayBuffer()))));
}

async function textsOf(data: Data): Promise<readonly string[]> {
  if (data === "own") {
    if (given.length > 0) return given;
    throw new LstmkitError("BAD_ARGUMENT", "no file was given. Choose one.");
  }
  book ??= mobyDickFromBytes(await fetchOwn(mobyDickAddress));
  return [book];
}

/** The model that comes with the page. @throws OFFLINE */
async function openShipped(): Promise<Opened> {
  const file = await fetchOwn(shippedAddress);
  return opened(await keeper.first((kit) => read(kit, file)));
}

async function load(file: File): Promise<Opened> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return opened(await keeper.replace("auto", (kit) => read(kit, bytes)));
}

async function read(kit: Runtime, bytes: Uint8Array): Promise<Made> {
  const model = await loadGenerator(kit, bytes);
  return { model, digest: await digestOf(kit, bytes) };
}

async function digestOf(kit: Runtime, bytes: Uint8Array): Promise<string> {
  const plain = await kit.load(bytes);
  const digest = await plain.digest();
  await plain.dispose();
  return digest;
}

const opened = ({ model, digest }: Made): Opened => ({ report: model.report, digest });

/** @throws what fit() throws; ABORTED */
async function train({ data, options, threads }: TrainRequest, onTold: Told): Promise<Opened> {
  const made = await keeper.replace(threads, async (kit, signal) => {
    const texts = await textsOf(data);
    const model = generator(kit, options);
    await model.fit(texts, {
      signal,
      onValidation: ({ epoch, epochs, batch, batches, bits, valBits }) =>
        onTold({ epoch, epochs, batch, batches, loss: bits, valLoss: valBits }),
    });
    return { model, digest: await digestOf(kit, await model.save()) };
  });
  return opened(made);
}

/** Write; pieces are handed over as they are made. A call ends the one before. @throws BAD_ARGUMENT, NOT_FITTED; ABORTED */
async function write(
  options: GenerateOptions,
  onPiece: (piece: string) => Promise<void>,
  onFinding: (message: string) => void,
): Promise<void> {
  writing?.abort();
  const controller = new AbortController();
  writing = controller;
  const { signal } = controller;
  const pieces = keeper.made.model.generate({
    ...options,
    signal,
    onFinding: ({ message }) => onFinding(message),
  });
  for await (const piece of pieces) await onPiece(piece);
}

async function save(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await keeper.made.model.save();
  return transfer(bytes, [bytes.buffer]);
}

const calls = {
  ...{ give, openShipped, load, train, write, save },
  stopWriting: async () => writing?.abort(),
  stop: async () => keeper.stop(),
};

export type GenerateCalls = typeof calls;

expose(calls);
