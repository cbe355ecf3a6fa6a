/** What --without names. */
export const LEFT_OUT: readonly string[] = (process.env.LSTMKIT_WITHOUT ?? "").split(",").filter(Boolean);

/** An engine with other flags goes with the engine. */
export const leftOut = (engine: string): boolean =>
  LEFT_OUT.some((name) => `${engine}-`.startsWith(`${name}-`));
