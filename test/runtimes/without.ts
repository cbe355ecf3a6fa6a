/** What --without names. */
export const LEFT_OUT: readonly string[] = (process.env.LSTMKIT_WITHOUT ?? "").split(",").filter(Boolean);

export const leftOut = (engine: string): boolean => LEFT_OUT.includes(engine);
