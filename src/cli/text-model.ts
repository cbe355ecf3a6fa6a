import { LstmkitError } from "../errors.ts";
import { branchesOf, signalsOf } from "../model/stack.ts";
import { loadModel } from "../model-file-node.ts";
import type { Runtime } from "../runtime.ts";
import { readTask } from "../tasks/index.ts";
import type { Model } from "../train/model.ts";

const COMMANDS = {
  forecast: "lstmkit forecast, lstmkit backtest",
  classify: "lstmkit predict, lstmkit evaluate",
  detect: "lstmkit detect",
  generate: "lstmkit generate",
};

/** The model of a file, where it can be given texts and nothing else. @throws BAD_LAYER; what loadModel throws */
export async function loadTextModel(runtime: Runtime, path: string): Promise<Model> {
  const model = await loadModel(runtime, path);
  const task = readTask(model)?.task;
  if (task !== undefined) {
    throw new LstmkitError(
      "BAD_LAYER",
      `the model is of the task ${task}; wanted one of two classes of texts, as train without --task makes it. For this one: ${COMMANDS[task]}.`,
    );
  }
  const inputs = branchesOf(model.layers).map(({ name }) => name);
  if (inputs.length === 1) return model;
  throw new LstmkitError(
    "BAD_LAYER",
    `the model has ${inputs.length} inputs, ${inputs.join(" and ")}; the command line gives a model one, texts: ` +
      "load it with loadModel() in a program, and call its predict() or evaluate() with the data of each.",
  );
}

/** @throws BAD_LAYER for a model that gives something else than a probability for a text */
export function checkHead({ layers }: Model): void {
  const head = layers.at(-1)!;
  const isProbability = head.type === "dense" && head.units === 1 && head.activation === "sigmoid";
  if (isProbability && !signalsOf(layers).at(-1)!.sequence) return;
  throw new LstmkitError(
    "BAD_LAYER",
    'the model does not give one probability a text; wanted one that ends in dense({ units: 1, activation: "sigmoid" }) after a last output.',
  );
}
