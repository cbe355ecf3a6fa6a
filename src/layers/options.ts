/** What options of layers take, and those that every layer has. */
import { checkOptions, number, type Option, oneOf } from "../options.ts";
import type { AnyLayer } from "./kind.ts";

const isSize = (n: unknown) => typeof n === "number" && Number.isInteger(n) && n > 0 && n < 2 ** 31;

/** A width: it has to be given. */
export const size = { wanted: "a whole number from 1 on", accepts: isSize };

/** A share of something to drop. */
export const share = number("a number from 0 to below 1", (n) => n >= 0 && n < 1);

export const anInitializer = oneOf("glorotUniform", "orthogonal", "randomUniform", "zeros", "ones");

/** An option of Keras's of which there is one value here yet. */
export const onlyValue = (value: string, reason: string) => ({
  wanted: `${JSON.stringify(value)}: ${reason}`,
  accepts: (given: unknown) => given === value,
});

const isSequenceShape = (value: unknown) =>
  Array.isArray(value) && value.length === 2 && (value[0] === null || isSize(value[0])) && isSize(value[1]);

/** Of a layer that reads sequences alone. */
export const sequenceShape = {
  wanted: "[timesteps or null, features]",
  accepts: isSequenceShape,
  fallback: undefined,
};

/** Options of every layer. */
export const COMMON = {
  inputShape: {
    wanted: "[timesteps or null, features], or [features]",
    accepts: (value: unknown) =>
      isSequenceShape(value) || (Array.isArray(value) && value.length === 1 && isSize(value[0])),
    fallback: undefined,
  },
  name: {
    wanted: "letters, digits, _, . and -",
    accepts: (value: unknown) => typeof value === "string" && /^[\w.-]*$/.test(value),
    fallback: "",
  },
};

/**
 * A layer's description, plain data: defaults filled in, each value checked, unknown names refused. Another
 * description of the same type is taken as well, so that one read from a file can be checked.
 *
 * @throws BAD_LAYER
 */
export function describeLayer<L extends AnyLayer>(
  type: L["type"],
  options: Readonly<Record<string, Option>>,
  config: object,
): L {
  const isDescription = typeof config === "object" && config !== null && Object.hasOwn(config, "type");
  const given = isDescription
    ? Object.fromEntries(Object.entries(config).filter(([name]) => name !== "type"))
    : config;
  return { type, ...checkOptions<object, object>(`${type}()`, given, options, "BAD_LAYER") } as L;
}
