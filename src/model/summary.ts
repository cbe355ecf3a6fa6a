import type { Layer } from "./layers.ts";
import { inputFeatures, sizeOf, type WeightSpec, widthOf } from "./table.ts";

const TITLES = { embedding: "Embedding", lstm: "LSTM", simpleRNN: "SimpleRNN", dense: "Dense" } as const;

/** A table of layers, output shapes and numbers of weights, as Keras's summary() prints it. */
export function summarize(layers: readonly Layer[], table: readonly WeightSpec[]): string {
  let shape = inputFeatures(layers) === null ? ["B", "T"] : ["B", "T", String(inputFeatures(layers))];
  const params = new Array<number>(layers.length).fill(0);
  for (const { layer, shape } of table) params[layer]! += sizeOf(shape);
  const rows = layers.map((layer, index) => {
    const sequence = layer.type === "embedding" || (layer.type !== "dense" && layer.returnSequences);
    const lead = layer.type === "dense" ? shape.slice(0, -1) : sequence ? ["B", "T"] : ["B"];
    shape = [...lead, String(widthOf(layer))];
    return [
      `${layer.name} (${TITLES[layer.type]})`,
      `(${shape.join(", ")})`,
      params[index]!.toLocaleString("en-US"),
    ];
  });
  const total = params.reduce((sum, own) => sum + own, 0);
  const all = [["Layer (type)", "Output shape", "Param #"], ...rows];
  const widths = [0, 1, 2].map((column) =>
    all.reduce((width, row) => Math.max(width, row[column]!.length), 0),
  );
  const line = ([name, output, count]: string[]) =>
    `${name!.padEnd(widths[0]!)}  ${output!.padEnd(widths[1]!)}  ${count!.padStart(widths[2]!)}`;
  const rule = "─".repeat(widths[0]! + widths[1]! + widths[2]! + 4);
  return [
    line(all[0]!),
    rule,
    ...rows.map(line),
    rule,
    `Total params: ${total.toLocaleString("en-US")}`,
  ].join("\n");
}
