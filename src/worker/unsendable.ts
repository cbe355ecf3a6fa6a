/** Calls with arguments that no message can hold: what a model in this thread would say of them. */
import type { Layer } from "../layers/index.ts";
import { type CompileOptions, checkCompile } from "../model/compile.ts";
import { branchesOf } from "../model/stack.ts";
import { isBatches } from "../train/batches.ts";
import { type CallKind, MODEL_CALLS, type ModelCall } from "../train/calls.ts";
import { type Inputs, namedInputs } from "../train/inputs.ts";
import { numbersOf } from "../train/numbers.ts";

/** @throws what that would, where it has something to say */
export function refuseUnsendable(
  method: ModelCall,
  args: readonly unknown[],
  layers: readonly Layer[],
): void {
  const kind: CallKind = MODEL_CALLS[method];
  if (method === "compile") checkCompile(args[0] as CompileOptions, layers);
  if (!kind.options || (kind.batches && isBatches(args[0]))) return;
  const { sampleWeight, validationData = [], calibration } = Object(args[kind.arguments]);
  lookAtArrays(args.slice(0, kind.arguments), layers, "");
  if (sampleWeight !== undefined) lookAtNumbers(sampleWeight, NAMES[2]);
  if (!isBatches(validationData)) lookAtArrays(validationData, layers, " of validationData");
  if (calibration !== undefined) lookAtInputs(calibration as Inputs, layers, "calibration");
}

const NAMES = ["x", "y", "sampleWeight"] as const;

function lookAtArrays(arrays: readonly unknown[], layers: readonly Layer[], suffix: string): void {
  if (arrays.length === 0) return;
  const [x, ...others] = arrays;
  lookAtInputs(x as Inputs, layers, `x${suffix}`);
  for (const [i, given] of others.entries()) lookAtNumbers(given, NAMES[i + 1] + suffix);
}

function lookAtInputs(x: Inputs, layers: readonly Layer[], name: string): void {
  for (const [called, given] of namedInputs(x, branchesOf(layers), name)) lookAtNumbers(given, called);
}

/** A number in every place. */
const lookAtNumbers = (given: unknown, name: string) => numbersOf(given, name).each(() => {});
