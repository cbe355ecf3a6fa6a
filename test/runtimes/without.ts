const names = new Set((process.env.LSTMKIT_WITHOUT ?? "").split(","));

/** Whether --without names the engine. */
export const leftOut = (engine: string): boolean => names.has(engine);
