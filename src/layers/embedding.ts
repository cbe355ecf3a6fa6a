import { trueOrFalse } from "../options.ts";
import { type AnyLayer, type Initializer, type LayerKind, maskAs, padded, type Rows } from "./kind.ts";
import { anInitializer, COMMON, describeLayer, size } from "./options.ts";

export interface EmbeddingConfig {
  /** V: ids are in [0, inputDim). */
  inputDim: number;
  /** E: length of a token's vector. */
  outputDim: number;
  /** Default `randomUniform`. */
  embeddingsInitializer?: Initializer;
  /** Id 0 is padding: its rows are masked for the layers above. Default false. */
  maskZero?: boolean;
  /** Default `embedding`, `embedding_1`, … */
  name?: string;
}

export interface EmbeddingLayer extends Omit<AnyLayer, "inputShape"> {
  readonly type: "embedding";
  readonly inputDim: number;
  readonly outputDim: number;
  readonly embeddingsInitializer: Initializer;
  readonly maskZero: boolean;
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
    maskZero: { ...trueOrFalse, fallback: false },
    name: COMMON.name,
  },
  output: ({ outputDim, maskZero }, x) => ({
    ...x,
    holds: "numbers",
    width: outputDim,
    ...(maskZero && { masked: true }),
  }),
  masks: ({ maskZero }) => (maskZero ? (row) => row[0] === 0 : undefined),
  weights: ({ inputDim, outputDim, embeddingsInitializer }) => [
    {
      name: "embeddings",
      shape: [inputDim, outputDim],
      blocks: 1,
      initializer: embeddingsInitializer,
      sum: "places",
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
      sumPlaces: (gradient, squares, count, part, parts) =>
        // One id may stand in every place.
        count * x.T * k.embeddingBackward(gradient, squares, dy, x.at(START), count * x.T, E, part, parts),
    };
  },
} satisfies LayerKind<EmbeddingLayer>;

/** Token vectors: ids (B, T) → (B, T, outputDim). Must be the first layer. */
export const embedding = (config: EmbeddingConfig): EmbeddingLayer =>
  describeLayer("embedding", embeddingKind.options, config);

/** The whole batch, from its first sample on. */
const START = { first: 0, count: 0, seed: 0, epoch: 0, batch: 0, partial: 0 };
