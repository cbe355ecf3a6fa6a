/** Calls with arguments that no message can hold: what a model in this thread would say of them. */
import { checkMetadata } from "../formats/model-file.ts";
import type { Layer } from "../layers/index.ts";
import { type CompileOptions, checkCompile } from "../model/compile.ts";
import { checkOptions } from "../options.ts";
import type { ModelCall } from "../train/calls.ts";
import type { SaveOptions } from "../train/model.ts";
import { numbersOf } from "../train/numbers.ts";
import { SAVE_OPTIONS } from "../train/options.ts";

/** @throws what that would, where it has something to say */
export function refuseUnsendable(
  method: ModelCall,
  args: readonly unknown[],
  layers: readonly Layer[],
): void {
  switch (method) {
    case "compile":
      checkCompile(args[0] as CompileOptions, layers);
      break;
    case "save":
      lookAtMetadata(args[0]);
      break;
    case "predict":
    case "trace":
      lookAtArrays({ x: args[0] });
      break;
    case "fit":
    case "evaluate":
    case "gradientFlow": {
      const [x, y, options] = args;
      const { validationData: pair } = Object(options) as { validationData?: readonly unknown[] };
      lookAtArrays({ x, y, "x of validationData": pair?.[0], "y of validationData": pair?.[1] });
    }
  }
}

/** A number in every place of each. */
function lookAtArrays(named: Readonly<Record<string, unknown>>): void {
  for (const [name, given] of Object.entries(named)) {
    if (given !== undefined) numbersOf(given, name).each(() => {});
  }
}

function lookAtMetadata(options: unknown): void {
  const { metadata } = checkOptions<SaveOptions, typeof SAVE_OPTIONS>(
    "save()",
    options as SaveOptions,
    SAVE_OPTIONS,
  );
  if (metadata) checkMetadata(metadata);
}
