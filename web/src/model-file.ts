/** Models from files, and back. */
import { LstmkitError, type Model, readTextMetadata, spawnRuntime } from "lstmkit";
import type { LiveModel, Page, Reading } from "./page.ts";
import { closeModels, type Metadata } from "./training.ts";

/**
 * Read a model file into a runtime of its own; it takes the place of the page's models, when it is whole.
 *
 * @throws what load() throws; BAD_LAYER for a model that does not give one probability a text; BUSY. Nothing
 *   has changed then
 */
export async function loadModelFile(page: Page, file: File): Promise<void> {
  const kit = await spawnRuntime({ threads: 1 });
  try {
    const model = await kit.load(new Uint8Array(await file.arrayBuffer()));
    const reading = await readingOf(model);
    const twin = async (): Promise<Model> => {
      const made = await kit.sequential(model.layers);
      await made.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
      return made;
    };
    if (page.phase !== "idle") {
      throw new LstmkitError("BUSY", "a training began meanwhile. Stop it, and load the file again.");
    }
    const live: LiveModel = { cell: cellOf(model), model, kit, source: "file", twin };
    await closeModels(page);
    page.set({ models: [live], reading, text: null });
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
    sample: null,
  };
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
  const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after this turn
  return name;
}
