import { trueOrFalse } from "../options.ts";
import { stretches } from "../wasm/stretches.ts";
import { type AnyLayer, type Initializer, type LayerKind, maskAs, padded, type Rows } from "./kind.ts";
import { anInitializer, COMMON, describeLayer, size } from "./options.ts";
import { aRegularizer, penalized, type Regularizer } from "./regularizer.ts";

/** Options of `embedding()`. */
export interface EmbeddingConfig {
  /** V: ids are in [0, inputDim). */
  inputDim: number;
  /** E: length of a token's vector. */
  outputDim: number;
  /** Default `randomUniform`. */
  embeddingsInitializer?: Initializer;
  /** A penalty on the vectors' size. Default none. */
  embeddingsRegularizer?: Regularizer;
  /** Id 0 is padding: its rows are masked for the layers above. Default false. */
  maskZero?: boolean;
  /** T: how many ids a sample has. Only what makes one row of all steps, such as flatten, needs it. Default any number. */
  inputLength?: number;
  /** Default `embedding`, `embedding_1`, … */
  name?: string;
}

export interface EmbeddingLayer extends Omit<AnyLayer, "inputShape"> {
  readonly type: "embedding";
  readonly inputDim: number;
  readonly outputDim: number;
  readonly embeddingsInitializer: Initializer;
  readonly embeddingsRegularizer?: Regularizer;
  readonly maskZero: boolean;
  readonly inputLength?: number;
}

/**
 * Token vectors: ids (B, T) → (B, T, outputDim). The gradient of the table is not taken group by group: dy
 * reaches over the whole batch, and is added to the table's rows in the order of samples at the end.
 */
export const embeddingKind = {
  title: "Embedding",
  baseName: "embedding",
  reads: "ids",
  options: {
    inputDim: size,
    outputDim: size,
    embeddingsInitializer: { ...anInitializer, fallback: "randomUniform" },
    embeddingsRegularizer: aRegularizer,
    maskZero: { ...trueOrFalse, fallback: false },
    inputLength: { ...size, fallback: undefined },
    name: COMMON.name,
  },
  output: ({ outputDim, maskZero }, x) => ({
    ...x,
    holds: "numbers",
    width: outputDim,
    ...(maskZero && { masked: true }),
  }),
  masks: ({ maskZero }) => (maskZero ? (row) => row[0] === 0 : undefined),
  weights: ({ inputDim, outputDim, embeddingsInitializer, embeddingsRegularizer }) => [
    {
      name: "embeddings",
      shape: [inputDim, outputDim],
      blocks: 1,
      initializer: embeddingsInitializer,
      sum: "places",
      int8: "rows",
      ...penalized(embeddingsRegularizer),
    },
  ],
  memory({ outputDim }, x, { groupSize: R, batchSize: B, backward }) {
    const vectors = x.T * padded(outputDim);
    return {
      // Readers that take each different row once want no vectors.
      group: { ...(!x.gathered && { y: R * vectors }) },
      batch: { ...(backward && { dy: B * vectors }) },
    };
  },
  oneStep: (layer) => layer,
  pass({ outputDim }, at) {
    const { k, x, use } = at;
    const E = padded(outputDim);
    const table = at.weight("embeddings").address;
    const dy = use.backward ? at.at("dy") : 0;
    const rows = { stride: E, sequence: x.T * E, T: x.T, width: outputDim, ...maskAs(x) };
    const y = x.gathered ? 0 : at.at("y");
    const gathered = x.gathered && { gathered: { ...x.gathered, table } };
    return {
      y: { ...rows, at: () => y, ...gathered },
      dy: { ...rows, at: ({ first }) => dy + first * x.T * E * 4 } satisfies Rows,
      forward(group) {
        if (!x.gathered) k.embeddingForward(y, x.at(group), table, group.count * x.T, E, 1);
      },
      backward() {},
      sumPlaces(gradient, squares, count, part, parts, limit) {
        const [places, ids] = [count * x.T, x.at(START)];
        let most = 0;
        for (const [from, n] of stretches(0, places, PLACES)) {
          const [rows, own] = [dy + from * E * 4, ids + from * 4];
          if (limit < Infinity) k.limitPlaces(rows, own, n, E, part, parts, limit);
          most = Math.max(most, k.embeddingBackward(gradient, squares, rows, own, n, E, part, parts));
        }
        return places * most; // one id may stand in every place
      },
    };
  },
} satisfies LayerKind<EmbeddingLayer>;

/** Token vectors: ids (B, T) → (B, T, outputDim). Must be the first layer. */
export const embedding = (config: EmbeddingConfig): EmbeddingLayer =>
  describeLayer("embedding", embeddingKind.options, config);

/** Places whose gradients are added in one call. */
const PLACES = 512;

/** The whole batch, from its first sample on. */
const START = { first: 0, count: 0, seed: 0, epoch: 0, batch: 0, partial: 0 };
