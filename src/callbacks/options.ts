/** What options of callbacks take: data alone, which a bundler leaves out where nobody asks for it. */

export const aFinite = { wanted: "a finite number", accepts: (value: unknown) => Number.isFinite(value) };

export const anAmount = {
  wanted: "a finite number from 0 on",
  accepts: (value: unknown) => Number.isFinite(value) && Number(value) >= 0,
};
