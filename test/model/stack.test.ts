import { describe, expect, test } from "vitest";
import { LstmkitError } from "../../src/errors.ts";
import {
  bidirectional,
  dense,
  embedding,
  gru,
  input,
  type Layer,
  lstm,
  masking,
  simpleRNN,
} from "../../src/layers/public.ts";
import { branchesOf, checkLayers } from "../../src/model/stack.ts";

const thrown = (work: () => unknown): LstmkitError => {
  try {
    work();
  } catch (error) {
    if (error instanceof LstmkitError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

function withHole(): Layer[] {
  const layers: Layer[] = [FIRST, lstm({ units: 4 }), HEAD];
  delete layers[1];
  return layers;
}

const HEAD = dense({ units: 1 });
const FIRST = embedding({ inputDim: 9, outputDim: 5 });

describe("a description gets Keras's defaults", () => {
  test("lstm", () => {
    expect(lstm({ units: 4 })).toEqual({
      type: "lstm",
      units: 4,
      activation: "tanh",
      recurrentActivation: "sigmoid",
      useBias: true,
      dropout: 0,
      recurrentDropout: 0,
      returnSequences: false,
      goBackwards: false,
      stateful: false,
      kernelInitializer: "glorotUniform",
      recurrentInitializer: "orthogonal",
      biasInitializer: "zeros",
      unitForgetBias: true,
      zoneout: 0,
      zoneoutCell: 0,
      name: "",
    });
  });

  test("embedding and dense", () => {
    expect(FIRST.embeddingsInitializer).toBe("randomUniform");
    expect(HEAD).toMatchObject({ activation: "linear", kernelInitializer: "glorotUniform" });
  });
});

test("a checked list is plain data: it survives JSON and being checked again", () => {
  const checked = checkLayers([FIRST, lstm({ units: 4, dropout: 0.5 }), HEAD]);
  expect(checkLayers(JSON.parse(JSON.stringify(checked)) as Layer[])).toEqual(checked);
});

test("a checked list is nobody's to change: not by who has described it, nor by who is given it", () => {
  const inputShape: [number | null, number] = [null, 3];
  const given: Layer[] = [
    lstm({ units: 4, inputShape, returnSequences: true }),
    bidirectional({ layer: lstm({ units: 4 }) }),
    HEAD,
  ];
  const checked = checkLayers(given);
  const before = structuredClone(checked);
  inputShape[1] = 1_000_000;
  given.pop();
  const changes: (() => void)[] = [
    () => Object.assign(checked[0]!, { units: 9 }),
    () => Object.assign((checked[1] as unknown as { layer: object }).layer, { units: 9 }),
    () => checked.push(HEAD),
    () => Object.assign(checked, { 0: HEAD }),
  ];
  for (const change of changes) expect(change).toThrow(TypeError);
  expect(checked).toEqual(before);
});

test("a description by hand may leave out what has a default", () => {
  const byHand = [
    { type: "embedding", inputDim: 9, outputDim: 5 },
    { type: "lstm", units: 4 },
    { type: "dense", units: 1 },
  ];
  expect(checkLayers(byHand as Layer[])).toEqual(checkLayers([FIRST, lstm({ units: 4 }), HEAD]));
});

test("layers of a kind are counted", () => {
  const names = checkLayers([
    lstm({ units: 4, returnSequences: true, inputShape: [7, 3] }),
    simpleRNN({ units: 4, returnSequences: true }),
    lstm({ units: 4 }),
    HEAD,
    HEAD,
  ]).map(({ name }) => name);
  expect(names).toEqual(["lstm", "simple_rnn", "lstm_1", "dense", "dense_1"]);
});

test("a counted name goes past those that are given by hand", () => {
  const head = (name: string) => dense({ units: 1, name });
  const names = checkLayers([FIRST, lstm({ units: 4 }), head("dense"), head("dense_2"), HEAD, HEAD, HEAD]);
  expect(names.slice(2).map(({ name }) => name)).toEqual([
    "dense",
    "dense_2",
    "dense_1",
    "dense_3",
    "dense_4",
  ]);
});

test.each([
  { what: "no recurrent layer", layers: [FIRST, HEAD] },
  { what: "no dense layer", layers: [FIRST, lstm({ units: 4 })] },
  { what: "rows and no sequence", layers: [dense({ units: 4, inputShape: [3] }), HEAD] },
  { what: "a dense layer at every step before a recurrent one", layers: [FIRST, HEAD, lstm({ units: 4 })] },
])("a model may have $what", ({ layers }) => {
  expect(checkLayers(layers).map(({ type }) => type)).toEqual(layers.map(({ type }) => type));
});

test.each([
  { what: "no units", make: () => lstm({} as never), says: "units" },
  { what: "units of 0", make: () => lstm({ units: 0 }), says: "units" },
  { what: "units that are no whole number", make: () => dense({ units: 1.5 }), says: "units" },
  { what: "units as text", make: () => dense({ units: "4" as never }), says: "units" },
  { what: "units of NaN", make: () => dense({ units: Number.NaN }), says: "units" },
  { what: "a negative inputDim", make: () => embedding({ inputDim: -1, outputDim: 4 }), says: "inputDim" },
  { what: "no outputDim", make: () => embedding({ inputDim: 9 } as never), says: "outputDim" },
  { what: "dropout of 1", make: () => lstm({ units: 4, dropout: 1 }), says: "dropout" },
  { what: "dropout below 0", make: () => simpleRNN({ units: 4, dropout: -0.1 }), says: "dropout" },
  { what: "dropout of NaN", make: () => simpleRNN({ units: 4, dropout: Number.NaN }), says: "dropout" },
  {
    what: "an unknown option",
    make: () => lstm({ units: 4, implementation: 1 } as never),
    says: "implementation",
  },
  {
    what: "an option of another layer",
    make: () => simpleRNN({ units: 4, unitForgetBias: true } as never),
    says: "unitForgetBias",
  },
  {
    what: "an unknown activation",
    make: () => dense({ units: 1, activation: "gelu" as never }),
    says: "activation",
  },
  {
    what: "an unknown initializer",
    make: () => dense({ units: 1, kernelInitializer: "heNormal" as never }),
    says: "kernelInitializer",
  },
  {
    what: "returnSequences as a number",
    make: () => lstm({ units: 4, returnSequences: 1 as never }),
    says: "returnSequences",
  },
  { what: "a name with a slash", make: () => dense({ units: 1, name: "a/b" }), says: "name" },
  {
    what: "an inputShape of one number",
    make: () => lstm({ units: 4, inputShape: [3] as never }),
    says: "inputShape",
  },
  {
    what: "an inputShape without features",
    make: () => lstm({ units: 4, inputShape: [7, null] as never }),
    says: "inputShape",
  },
  {
    what: "masking of single rows",
    make: () => masking({ inputShape: [3] as never }),
    says: "inputShape",
  },
  { what: "a maskValue beyond float32", make: () => masking({ maskValue: 1e39 }), says: "maskValue" },
  { what: "maskZero of 1", make: () => embedding({ ...FIRST, maskZero: 1 as never }), says: "maskZero" },
  {
    what: "recurrentDropout of 1",
    make: () => gru({ units: 4, recurrentDropout: 1 }),
    says: "recurrentDropout",
  },
  { what: "no object at all", make: () => lstm(64 as never), says: "object" },
])("$what is refused with BAD_LAYER, naming it", ({ make, says }) => {
  const { code, message } = thrown(make);
  expect(code).toBe("BAD_LAYER");
  expect(message).toContain(says);
});

const ENCODER = lstm({ units: 4, name: "encoder" });
const decoder = (units = 4, initialState = "encoder") => lstm({ units, initialState });

test("inputs are counted like layers; the first goes by its reader's name where it has none", () => {
  const layers = checkLayers([
    FIRST,
    ENCODER,
    input(),
    FIRST,
    decoder(),
    input(),
    FIRST,
    lstm({ units: 4, initialState: "lstm" }),
  ]);
  expect(branchesOf(layers).map(({ name, layers: own }) => [name, own.length])).toEqual([
    ["embedding_input", 2],
    ["input_layer", 2],
    ["input_layer_1", 2],
  ]);
});

test.each<{ what: string; layers: unknown; says: string }>([
  { what: "an input that is the last layer", layers: [FIRST, ENCODER, input()], says: "no layer behind it" },
  {
    what: "an input behind an input",
    layers: [input(), input(), FIRST],
    says: "layer 0, the input, has no layer",
  },
  {
    what: "an input without features before a layer that reads numbers",
    layers: [FIRST, ENCODER, input({ name: "b" }), decoder()],
    says: 'layer 2, the input "b", has no inputShape; lstm reads numbers',
  },
  {
    what: "an input of ids before a layer that reads numbers",
    layers: [FIRST, ENCODER, input({ inputShape: [null] }), decoder()],
    says: "inputShape [null]; lstm reads numbers",
  },
  {
    what: "an input of features before an embedding",
    layers: [input({ inputShape: [null, 3] }), FIRST, HEAD],
    says: "inputShape [null, 3]; embedding reads ids",
  },
  {
    what: "single rows before a recurrent layer",
    layers: [input({ inputShape: [3] }), lstm({ units: 4 })],
    says: "reads a sequence",
  },
  {
    what: "an inputShape behind an input",
    layers: [FIRST, ENCODER, input({ inputShape: [null, 3] }), lstm({ units: 4, inputShape: [null, 3] })],
    says: "or the input before it",
  },
  {
    what: "a branch that nothing reads",
    layers: [FIRST, ENCODER, input(), FIRST, lstm({ units: 4 })],
    says: 'nothing reads what layer 1, "encoder", makes',
  },
  {
    what: "a layer behind the one that is read",
    layers: [FIRST, ENCODER, HEAD, input(), FIRST, decoder()],
    says: 'nothing reads what layer 2, "dense"',
  },
  {
    what: "an initialState that no layer is called",
    layers: [FIRST, ENCODER, input(), FIRST, decoder(4, "encoded")],
    says: 'which no layer is called; it names a recurrent layer before it: one of "encoder"',
  },
  {
    what: "an initialState that comes later",
    layers: [FIRST, lstm({ units: 4, initialState: "lstm_1", returnSequences: true }), lstm({ units: 4 })],
    says: "which does not come before it; it names a recurrent layer before it: there is none",
  },
  {
    what: "a layer that begins with its own states",
    layers: [FIRST, lstm({ units: 4, name: "a", initialState: "a" })],
    says: "does not come before it",
  },
  {
    what: "an initialState of another width",
    layers: [FIRST, ENCODER, input(), FIRST, decoder(5)],
    says: "ends with h of 4 and c of 4; lstm begins with h of 5 and c of 5",
  },
  {
    what: "an initialState of another kind",
    layers: [FIRST, ENCODER, input(), FIRST, gru({ units: 4, initialState: "encoder" })],
    says: "gru begins with h of 4. Give both the same kind and as many units",
  },
  {
    what: "an initialState of a layer without states",
    layers: [FIRST, lstm({ units: 4, initialState: "embedding" })],
    says: "an embedding that ends with no states; lstm begins with h of 4 and c of 4. Put an lstm with as many units above it, and name that one.",
  },
  {
    what: "an initialState within a bidirectional",
    layers: [FIRST, ENCODER, input(), FIRST, bidirectional({ layer: decoder() })],
    says: "initialState",
  },
  {
    what: "a bidirectional encoder",
    layers: [FIRST, bidirectional({ layer: ENCODER, name: "both" }), input(), FIRST, decoder(8, "both")],
    says: "a bidirectional that ends with h_forward of 4 and c_forward of 4 and h_backward of 4 and c_backward of 4; lstm begins with h of 8 and c of 8. Put an lstm with as many units above it, and name that one.",
  },
  {
    what: "a bidirectional encoder that gives its last outputs alone, below the layer that is to end with states",
    layers: [FIRST, bidirectional({ layer: lstm({ units: 4 }) }), ENCODER, input(), FIRST, decoder()],
    says: "returnSequences: true",
  },
  {
    what: "an initialState of a stateful layer",
    layers: [FIRST, ENCODER, input(), FIRST, lstm({ units: 4, initialState: "encoder", stateful: true })],
    says: "stateful: true",
  },
  {
    what: "one name for two inputs",
    layers: [
      lstm({ units: 4, inputShape: [null, 3], name: "a" }),
      input({ name: "a_input", inputShape: [null, 3] }),
      lstm({ units: 4, initialState: "a" }),
    ],
    says: 'two inputs are called "a_input"',
  },
  { what: "no layers", layers: [], says: "a list of layers, not []" },
  { what: "no list", layers: undefined, says: "a list of layers, not undefined" },
  { what: "a hole for a layer", layers: withHole(), says: "layer 1 has type undefined" },
  { what: "nothing but holes", layers: new Array(2), says: "layer 0 has type undefined" },
  { what: "an unknown type", layers: [FIRST, { type: "convLstm2d", units: 4 }, HEAD], says: "convLstm2d" },
  { what: "a type that every object has", layers: [{ type: "toString" }], says: "toString" },
  { what: "null for a layer", layers: [null], says: "layer 0" },
  {
    what: "a recurrent layer behind single rows of a dense layer",
    layers: [FIRST, lstm({ units: 4 }), HEAD, lstm({ units: 4 })],
    says: "sequence",
  },
  { what: "two embeddings", layers: [FIRST, FIRST, lstm({ units: 4 }), HEAD], says: "come first" },
  { what: "a first LSTM without inputShape", layers: [lstm({ units: 4 }), HEAD], says: "inputShape" },
  {
    what: "an inputShape behind the first layer",
    layers: [FIRST, lstm({ units: 4, inputShape: [7, 5] }), HEAD],
    says: "inputShape",
  },
  {
    what: "a recurrent layer fed with last outputs",
    layers: [FIRST, lstm({ units: 4 }), lstm({ units: 4 }), HEAD],
    says: "returnSequences",
  },
  {
    what: "a name by hand that a layer before was given by count",
    layers: [FIRST, lstm({ units: 4 }), dense({ units: 2 }), dense({ units: 1, name: "dense" })],
    says: '"dense"',
  },
  {
    what: "a layer that reads backwards within a bidirectional",
    layers: [FIRST, bidirectional({ layer: lstm({ units: 4, goBackwards: true }) }), HEAD],
    says: "goBackwards",
  },
  {
    what: "one name for two layers",
    layers: [FIRST, lstm({ units: 4, name: "a" }), dense({ units: 1, name: "a" })],
    says: '"a"',
  },
])("$what is refused with BAD_LAYER", ({ layers, says }) => {
  const { code, message } = thrown(() => checkLayers(layers as Layer[]));
  expect(code).toBe("BAD_LAYER");
  expect(message).toContain(says);
});
