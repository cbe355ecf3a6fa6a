import type * as lstmkit from "../../../src/index.ts";

export interface KindsModel {
  readonly model: lstmkit.Model;
  readonly config: Omit<lstmkit.CompileOptions, "optimizer"> & { readonly optimizer: lstmkit.AdamwConfig };
  readonly x: Readonly<Record<"past" | "days", lstmkit.Tensor>>;
  readonly y: lstmkit.Tensor;
  readonly options: Required<Pick<lstmkit.FitOptions, "batchSize" | "epochs" | "sampleWeight">>;
}

export function kindsModel(lib: typeof lstmkit, kit: lstmkit.Runtime): Promise<KindsModel>;

export function kindsJob(
  lib: typeof lstmkit,
  kit: lstmkit.Runtime,
): Promise<{ readonly trained: string; readonly loss: number }>;
