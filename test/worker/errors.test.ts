import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createRuntime,
  type Inputs,
  LstmkitError,
  lstm,
  type Model,
  type Runtime,
  type RuntimeOptions,
  spawnRuntime,
  type Targets,
} from "../../src/node.ts";
import { flatten, revive } from "../../src/worker/thrown.ts";
import { LOSS, smallData, smallLayers, smallModel, V } from "../train/small-job.ts";
import { rejection } from "./spawned.ts";

const { x, y } = smallData();

describe("a bad call is refused as in this thread, in the same words", () => {
  let kits: Runtime[];
  beforeAll(async () => {
    kits = [await createRuntime(), await spawnRuntime()];
  });
  afterAll(() => Promise.all(kits.map((kit) => kit.close())));

  const bad = (value: number) => ({ data: x.data.slice().fill(value, 3, 4), shape: x.shape });
  const fitting =
    (...args: Parameters<Model["fit"]>) =>
    (model: Model) =>
      model.fit(...args);
  const calls: Record<string, (model: Model, kit: Runtime) => Promise<unknown>> = {
    "an id outside the vocabulary": fitting(bad(V), y),
    "rows of another length": fitting([[1, 2], [3]], [0, 1]),
    "a shape that its data has not": fitting({ data: x.data, shape: [1, 2] }, y),
    "no array": fitting(undefined as unknown as Inputs, y),
    "a label that is none": fitting(x, new Uint8Array(37).fill(2)),
    "too few labels": fitting(x, y.data.subarray(1)),
    "bad validation data": fitting(x, y, { validationData: [bad(V + 1), y] }),
    "half a pair of validation data": fitting(x, y, { validationData: [x] as unknown as [Inputs, Targets] }),
    "an option that fit has not": fitting(x, y, { epoch: 3 } as object),
    "a callback that is misspelt": fitting(x, y, { onEpoch: () => {} } as object),
    "a function for a number": fitting(x, y, { epochs: (() => 3) as unknown as number }),
    "a callback that is none": fitting(x, y, { onBatchEnd: 3 as never }),
    "epochs: -1": fitting(x, y, { epochs: -1 }),
    "options that are a function": fitting(x, y, (() => {}) as never),
    "options that are a list": fitting(x, y, [] as never),
    "options of predict that are null": (model) => model.predict(x, null as never),
    "an option of predict that is misspelt": (model) => model.predict(x, { batchsize: 3 } as object),
    "a signal that is none": fitting(x, y, { signal: {} as AbortSignal }),
    "weights that are null": (model) => model.setWeights(null as never),
    "a model file that is a number": (_, kit) => kit.load(5 as never),
    "an option of sequential that is misspelt": (_, kit) =>
      kit.sequential(smallLayers(), { sed: 3 } as object),
    "an option of save that is misspelt": (model) => model.save({ metdata: {} } as object),
    "a hole in x": (model) => model.predict([Array(3)]),
    "no whole batch": fitting(x, y, { batchSize: 100, dropRemainder: true }),
    "options that are null": fitting(x, y, null as never),
    "a signal that had fired": fitting(x, y, { signal: AbortSignal.abort() }),
    "a signal that had fired, and bad data": fitting(bad(V), y, { signal: AbortSignal.abort() }),
    "a symbol in a row": fitting([[Symbol("a")]] as never, y),
    "a function in a row of validation data": fitting(x, y, { validationData: [[[() => 1]], y] as never }),
    "a promise of data": fitting(Promise.resolve(x) as never, y),
    "a promise of labels": (model) => model.gradientFlow(x, Promise.resolve(y) as never),
    "a function for data": (model) => model.trace((() => x) as never),
    "a function for a loss": (model) => model.compile({ loss: (() => 0) as never }),
    "a loss that is not there": (model) => model.compile({ loss: "hinge" as never }),
    "an option of compile that is not there": (model) => model.compile({ ...LOSS, rate: 1 } as typeof LOSS),
    "too few weights": (model) => model.setWeights([]),
    "weights of another shape": async (model) => {
      const weights = await model.getWeights();
      await model.setWeights(weights.map(({ data }) => ({ data, shape: [data.length] })));
    },
    "a batch size of predict": (model) => model.predict(x, { batchSize: 1.5 }),
    "data of evaluate": (model) => model.evaluate(x, [0]),
    "metadata that is the format's own": (model) => model.save({ metadata: { layers: "" } }),
    "no layers": (_, kit) => kit.sequential([]),
    "layers that do not fit": (_, kit) => kit.sequential([lstm({ units: 3 })]),
    "a seed": (_, kit) => kit.sequential(smallLayers(), { seed: -1 }),
    "a file that is none": (_, kit) => kit.load(new Uint8Array(100)),
    "a model that was not compiled": async (_, kit) => (await kit.sequential(smallLayers())).fit(x, y),
    "a model that was disposed": async (_, kit) => {
      const model = await smallModel(kit);
      await model.dispose();
      await model.dispose();
      await model.digest();
    },
    "a second fit": async (_, kit) => {
      const model = await smallModel(kit);
      await Promise.all([model.fit(x, y, { epochs: 100 }), model.fit(x, y)]);
    },
    "weights that overflow": async (_, kit) => {
      const model = await smallModel(kit);
      const weights = await model.getWeights();
      await model.setWeights(weights.map(({ data, shape }) => ({ data: data.fill(3e38), shape })));
      await model.fit(x, y);
    },
  };

  test.each(Object.entries(calls))("%s", async (_, call) => {
    const [here, there] = await Promise.all(
      kits.map(async (kit) => (await rejection(smallModel(kit).then((model) => call(model, kit)))).error),
    );
    const seen = ({ name, message, cause: _, ...details }: Error) => ({ name, message, details });
    expect(seen(there!)).toEqual(seen(here!));
    expect(there!.constructor).toBe(here!.constructor);
    expect(there!.stack).toContain(there!.message.split("\n")[0]);
  });

  const refused: unknown[] = [
    { thread: 2 },
    5,
    null,
    [],
    { threads: 0 },
    { threads: "two" },
    { math: "fast" },
    { kernels: new Uint8Array(8) },
    { kernels: "data:,nothing" },
    { kernels: new Response("", { status: 404 }) },
  ];

  test.each(refused)("options: %j", async (options) => {
    const copy = () => {
      const { kernels } = (options ?? {}) as RuntimeOptions;
      return (kernels instanceof Response ? { kernels: kernels.clone() } : options) as RuntimeOptions;
    };
    const { error: here } = await rejection(createRuntime(copy()));
    const { error: there } = await rejection(spawnRuntime(copy()));
    // spawnRuntime takes one option more, and its messages name it.
    const said = ({ message }: Error) => message.replace(/, worker\b/, "");
    expect({ ...there, message: said(there!) }).toEqual({ ...here, message: said(here!) });
  });
});

test("kernels that cannot be had reject with a code, and the caller's own error as its cause", async () => {
  const mine = new Error("mine");
  const refused = { code: "FILE_UNREADABLE", cause: mine };
  const kernels = () => {
    throw mine;
  };
  for (const open of [createRuntime, spawnRuntime]) {
    await expect(open({ kernels: Promise.reject(mine) })).rejects.toMatchObject(refused);
    await expect(open({ kernels })).rejects.toMatchObject(refused);
  }
});

test("an argument that no message can hold is BAD_ARGUMENT", async () => {
  const kit = await spawnRuntime();
  const layers = [{ ...smallLayers()[0]!, extra: () => {} }];
  const { error } = await rejection(kit.sequential(layers));
  expect(error).toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(/cannot be sent/) as string,
  });
  expect(await (await smallModel(kit)).countParams()).toBeGreaterThan(0);
  await kit.close();
});

describe("an error crosses with", () => {
  const cross = (value: unknown) => revive(structuredClone(flatten(value)));

  test("its class, where that is the language's or lstmkit's", () => {
    for (const error of [
      new TypeError("a"),
      new RangeError("b"),
      new LstmkitError("BUSY", "c"),
      new Error("d"),
    ]) {
      const copy = cross(error) as Error;
      expect(copy.constructor).toBe(error.constructor);
      expect(String(copy)).toBe(String(error));
      expect(copy.stack).toBe(error.stack);
    }
    const named = cross(new WebAssembly.RuntimeError("unreachable")) as Error;
    expect([named.constructor, named.name, named.message]).toEqual([Error, "RuntimeError", "unreachable"]);
  });

  test("plain details, and a cause of the same kind", () => {
    const cause = Object.assign(new Error("no such file"), {
      code: "ENOENT",
      errno: -2,
      fd: { open: () => {} },
    });
    const error = cross(new LstmkitError("FILE_UNREADABLE", "it is gone", { cause })) as LstmkitError;
    expect(error.code).toBe("FILE_UNREADABLE");
    expect(error.cause).toMatchObject({ message: "no such file", code: "ENOENT", errno: -2 });
    expect(error.cause).not.toHaveProperty("fd");
  });

  test("a circle of causes cut short", () => {
    const error = new Error("a");
    error.cause = new Error("b", { cause: error });
    expect(String((cross(error) as Error).cause)).toBe("Error: b");
  });

  test("nothing changed where it is no error", () => {
    for (const value of [undefined, null, 3, "text", { a: [1] }]) expect(cross(value)).toEqual(value);
  });
});
