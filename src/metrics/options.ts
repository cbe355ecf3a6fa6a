import { number } from "../options.ts";

/** A probability, as binary outputs are compared with. */
export const aThreshold = number("a number from 0 to 1", (n) => n >= 0 && n <= 1);
