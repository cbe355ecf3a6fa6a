/** Models from files, and back. */
import { LstmkitError, type Model, readTextMetadata, spawnRuntime } from "lstmkit";
import type { Split } from "lstmkit/data";
import shippedAddress from "../models/words.safetensors?url";
import { handOver } from "./copyable.ts";
import { fetchOwn } from "./fetch-own.ts";
import type { LiveModel, Page, Reading } from "./page.ts";
import { closeModels, type Metadata } from "./training.ts";

/**
 * Read a model file into a runtime of its own; it takes the place of the page's models, when it is whole.
 *
 * @throws what load() throws; BAD_LAYER for a model that does not give one probability a text; BUSY. Nothing
 *   has changed then
 */
export async function loadModelFile(page: Page, file: Blob): Promise<void> {
  const made = await read(file);
  if (page.phase !== "idle") {
    await made.live.kit.close();
    throw new LstmkitError("BUSY", "a training began meanwhile. Stop it, and load the file again.");
  }
  await closeModels(page);
  page.set({ models: [made.live], reading: made.reading, text: null });
}

/** The small model that comes with the page, where the visitor was not faster. @throws OFFLINE; as load() */
export async function openShippedModel(page: Page): Promise<boolean> {
  const isFree = () => page.phase === "idle" && page.models.length === 0;
  const made = await read(new Blob([await fetchOwn(shippedAddress)]));
  if (isFree()) page.set({ models: [made.live], reading: made.reading, text: null });
  else await made.live.kit.close();
  return page.models.includes(made.live);
}

async function read(file: Blob): Promise<{ live: LiveModel; reading: Reading }> {
  const kit = await spawnRuntime({ threads: 1 });
  try {
    const model = await kit.load(new Uint8Array(await file.arrayBuffer()));
    const reading = await readingOf(model);
    const twin = async (): Promise<Model> => {
      const made = await kit.sequential(model.layers);
      await made.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
      return made;
    };
    return { live: { cell: cellOf(model), model, kit, source: "file", twin }, reading };
  } catch (error) {
    await kit.close();
    throw error;
  }
}

async function readingOf(model: Model): Promise<Reading> {
  const { vocabulary, classes = ["0", "1"], maxLen, dataset = "", inputDim } = readTextMetadata(model);
  const head = model.layers.at(-1);
  const isSigmoid = head?.type === "dense" && head.units === 1 && head.activation === "sigmoid";
  const answer = inputDim > 0 && isSigmoid ? await model.predict([[0]]) : null;
  if (answer?.shape.length !== 2) {
    throw new LstmkitError(
      "BAD_LAYER",
      'the model does not read ids and give one probability a text; wanted one that begins with an embedding and ends in dense({ units: 1, activation: "sigmoid" }).',
    );
  }
  return {
    ...(vocabulary && { vocabulary }),
    classes,
    maxLen: maxLen ?? vocabulary?.maxLen ?? 80,
    dataset,
    sample: sampleOf(model.metadata.sample, maxLen),
  };
}

/** Rows of its test part that the page's own model brings along; of what another program wrote, none. */
function sampleOf(json: string | undefined, maxLen: number | undefined): Split | null {
  try {
    const { x, y } = JSON.parse(json ?? "null") as { x: number[]; y: number[] };
    if (maxLen === undefined || y.length === 0 || x.length !== y.length * maxLen) return null;
    return {
      x: { data: Int32Array.from(x), shape: [y.length, maxLen] },
      y: { data: Uint8Array.from(y), shape: [y.length] },
    };
  } catch {
    return null;
  }
}

function cellOf({ layers }: Model): "lstm" | "rnn" {
  return layers.find(({ type }) => type === "lstm" || type === "simpleRNN")?.type === "simpleRNN"
    ? "rnn"
    : "lstm";
}

/** Hand the visitor the model's file. @returns its name */
export async function saveModelFile(live: LiveModel, reading: Reading, metadata: Metadata): Promise<string> {
  const bytes = await live.model.save(live.source === "run" ? { metadata } : {});
  const name = `${reading.dataset.replace(/[^\w.-]+/g, "_") || "model"}-${live.cell}.safetensors`;
  handOver(name, bytes, "application/octet-stream");
  return name;
}
