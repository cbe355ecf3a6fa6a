/** Shares and losses as bits. */
import type { Runtime } from "../../index.ts";

/** ln 2: a loss in nats, divided by it, is in bits. */
export const LN2 = Math.LN2;

/** The mean of −log₂ of shares, with the kernels' logarithm. */
export async function bitsOf(kit: Runtime, shares: Float64Array): Promise<number> {
  let sum = 0;
  for (let from = 0; from < shares.length; from += AT_ONCE) {
    const logs = await kit.elementwise("log", shares.slice(from, from + AT_ONCE));
    for (const log of logs) sum -= log;
  }
  return sum / LN2 / shares.length;
}

const AT_ONCE = 2 ** 16;
