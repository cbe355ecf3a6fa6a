import type * as Package from "../../src/node.ts";

export function openVariant(told: readonly string[]): Promise<{
  lstmkit: typeof Package;
  kit: Package.Runtime;
  info: Package.RuntimeInfo;
}>;
