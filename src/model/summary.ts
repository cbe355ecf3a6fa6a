import { kindOf, type Layer } from "../layers/index.ts";
import { signalsOf } from "./stack.ts";
import { sizeOf, type WeightTable } from "./weights.ts";

/** A table of layers, output shapes and numbers of weights, as Keras's summary() prints it. */
export function summarize(layers: readonly Layer[], { specs }: WeightTable): string {
  const signals = signalsOf(layers);
  const params = new Array<number>(layers.length).fill(0);
  for (const { layer, shape } of specs) params[layer]! += sizeOf(shape);
  const rows = layers.map((layer, index) => {
    const { sequence, T, width } = kindOf(layer).output(layer, signals[index]!);
    const shape = ["B", ...(sequence ? [T ?? "T"] : []), width];
    const own = params[index]!.toLocaleString("en-US");
    return [`${layer.name} (${kindOf(layer).title})`, `(${shape.join(", ")})`, own];
  });
  const all = [["Layer (type)", "Output shape", "Param #"], ...rows];
  const widths = [0, 1, 2].map((column) =>
    all.reduce((width, row) => Math.max(width, row[column]!.length), 0),
  );
  const line = ([name, output, params]: string[]) =>
    `${name!.padEnd(widths[0]!)}  ${output!.padEnd(widths[1]!)}  ${params!.padStart(widths[2]!)}`;
  const rule = "─".repeat(widths[0]! + widths[1]! + widths[2]! + 4);
  return [
    line(all[0]!),
    rule,
    ...rows.map(line),
    rule,
    `Total params: ${params.reduce((sum, own) => sum + own, 0).toLocaleString("en-US")}`,
  ].join("\n");
}
