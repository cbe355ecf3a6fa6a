/** What the poolings have in common: windows over the steps, or all steps in one; kernels in assembly/pooling.ts. */
import { type Option, oneOf, trueOrFalse } from "../options.ts";
import {
  type AnyLayer,
  type Bound,
  type Group,
  type Memory,
  padded,
  type Rows,
  type Signal,
  type Use,
} from "./kind.ts";
import { COMMON, sequenceShape, size } from "./options.ts";
import { requireSequence, type WindowShape, windowsOf, windowsOutput } from "./windows.ts";

/** Options of `maxPooling1d()` and `averagePooling1d()`. */
export interface PoolingConfig {
  /** Timesteps of a window. Default 2. */
  poolSize?: number;
  /** Timesteps from a window to the next. Default poolSize. */
  strides?: number;
  /** `valid`: whole windows alone, the default; `same`: ⌈T/strides⌉ windows, of which those at the ends are shorter. */
  padding?: "valid" | "same";
  /** For a first layer: [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `max_pooling1d`, `max_pooling1d_1`, … after the kind. */
  name?: string;
}

/** A pooling by windows with every default filled in, but for strides, which are poolSize where there are none. */
export interface PoolingLayer extends AnyLayer {
  readonly poolSize: number;
  readonly strides?: number;
  readonly padding: "valid" | "same";
}

export const POOLING = {
  poolSize: { ...size, fallback: 2 },
  strides: { ...size, fallback: undefined },
  padding: { ...oneOf("valid", "same"), fallback: "valid" },
  ...COMMON,
  inputShape: sequenceShape,
} satisfies Readonly<Record<string, Option>>;

/** Options of `globalMaxPooling1d()` and `globalAveragePooling1d()`. */
export interface GlobalPoolingConfig {
  /** Keep an axis of one timestep, (B, 1, features). Default false: (B, features). */
  keepdims?: boolean;
  /** For a first layer: [T or null for any, features]. */
  inputShape?: readonly [number | null, number];
  /** Default `global_max_pooling1d`, `global_max_pooling1d_1`, … after the kind. */
  name?: string;
}

export interface GlobalPoolingLayer extends AnyLayer {
  readonly keepdims: boolean;
}

export const GLOBAL_POOLING = {
  keepdims: { ...trueOrFalse, fallback: false },
  ...COMMON,
  inputShape: sequenceShape,
} satisfies Readonly<Record<string, Option>>;

export const shapeOf = ({ poolSize, strides = poolSize, padding }: PoolingLayer): WindowShape => ({
  size: poolSize,
  strides,
  dilation: 1,
  padding,
});

export const poolingOutput = (layer: PoolingLayer, x: Signal): Signal =>
  windowsOutput(layer, shapeOf(layer), x, x.width);

/** One row of the whole sequence. @throws BAD_LAYER */
export function globalPoolingOutput({ type, keepdims }: AnyLayer & GlobalPoolingLayer, x: Signal): Signal {
  requireSequence(type, x);
  return { holds: "numbers", sequence: keepdims, T: 1, width: x.width };
}

/** Of so many windows. */
export function poolingMemory(windows: number, { width }: Signal, { groupSize: R, backward }: Use): Memory {
  const y = R * windows * padded(width);
  return { group: { y, ...(backward && { dy: y }) } };
}

export interface PoolingFrame {
  readonly y: Rows;
  readonly dy: Rows;
  /** Each sample's first rows: addresses of y, dy and x, and of dx where it is asked for, else 0. */
  eachSample(group: Group, work: (of: Record<"y" | "dy" | "x" | "dx", number>, r: number) => void): void;
}

/** @param windows of a sample */
export function poolingFrame({ at, x, dx, use }: Bound, windows: number): PoolingFrame {
  const N = padded(x.width);
  const rows = (address: number): Rows => ({
    at: () => address,
    stride: N,
    sequence: windows * N,
    T: windows,
    width: x.width,
  });
  const y = rows(at("y"));
  const dy = rows(use.backward ? at("dy") : 0);
  const first = (of: Rows, group: Group, r: number) => of.at(group) + r * of.sequence * 4;
  return {
    y,
    dy,
    eachSample(group, work) {
      for (let r = 0; r < group.count; r++) {
        const own = { y: first(y, group, r), dy: first(dy, group, r), x: first(x, group, r) };
        work({ ...own, dx: dx ? first(dx, group, r) : 0 }, r);
      }
    },
  };
}

/** As the kernels take them: how many, how long, how far from one to the next, and what is before the first. */
export function windowArguments(layer: PoolingLayer, T: number) {
  const { size, strides } = shapeOf(layer);
  const { count, before } = windowsOf(shapeOf(layer), T);
  return [T, count, size, strides, before] as const;
}

/** Where the words of a sample's mask are, and how far from one to the next; 0 where every step counts. */
export function maskOf({ mask }: Rows, group: Group, r: number): [mask: number, stride: number] {
  return mask ? [mask.at(group) + r * mask.sequence * 4, mask.stride] : [0, 0];
}
