import { closeSync, openSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRuntime, dense, embedding, loadModel, lstm, saveModel } from "../../src/node.ts";
import { events, outcome, REVIEWS, SMALL, Workplace } from "./command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
  const longer = [...SMALL.slice(2), "--epochs", "40", "--lr", "0.02"];
  await place.run(["train", "reviews.csv", ...longer, "--out", "model.safetensors"]);
});
afterAll(() => place.dispose());

const refused = async (error: string, ...args: string[]) => {
  const { code, stdout, stderr } = await place.run(["predict", ...args], "text\n");
  expect(stderr).toMatch(new RegExp(`^lstmkit: ${error}: [^\\n]*\\n$`));
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
};

describe("lstmkit predict", () => {
  test("prints probability, class and text of an argument", async () => {
    const { code, stdout } = await place.run(["predict", "model.safetensors", "A lovely\nfilm"]);
    expect(stdout).toMatch(/^0\.\d{4}\tpositive\tA lovely film\n$/);
    expect(code).toBe(0);
  });

  test("answers each line of the input, with and without -, blank lines and carriage returns too", async () => {
    const input = "a great film\r\n\na dull film";
    const piped = await place.run(["predict", "model.safetensors", "--json"], input);
    const dashed = await place.run(["predict", "model.safetensors", "-", "--json"], input);
    expect(events(piped.stdout)).toEqual([
      {
        event: "predict",
        text: "a great film",
        probability: expect.any(Number),
        label: "positive",
        words: 3,
        unknown: 0,
      },
      {
        event: "predict",
        text: "",
        probability: expect.any(Number),
        label: expect.any(String),
        words: 0,
        unknown: 0,
      },
      {
        event: "predict",
        text: "a dull film",
        probability: expect.any(Number),
        label: "negative",
        words: 3,
        unknown: 0,
      },
    ]);
    expect(dashed).toEqual(piped);
  });

  test("reads text as it was meant: marks, UTF-16, typographic quotes, and an encoding that is named", async () => {
    const probabilities = async (input: string | Uint8Array, ...flags: string[]) => {
      const { code, stdout, stderr } = await place.run(
        ["predict", "model.safetensors", "--json", ...flags],
        input,
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return events(stdout).map(({ probability }) => probability);
    };
    const plain = await probabilities("a great film\n");
    expect(await probabilities("\ufeffa “great” film…\r\n")).toEqual(plain);
    expect(await probabilities(Buffer.from("\ufeffa great film\n", "utf16le"))).toEqual(plain);
    const latin1 = Buffer.from("a\xa0\x93great\x94 film\r", "latin1");
    expect(await probabilities(latin1, "--encoding", "windows-1252")).toEqual(plain);
    const { stdout } = await place.run(["predict", "model.safetensors", "\ufeffa great film", "--json"]);
    expect(events(stdout)[0]).toMatchObject({ text: "a great film", probability: plain[0] });
  });

  test("refuses bytes of another encoding after the lines in front of them", async () => {
    const input = Buffer.from("a great film\ncaf\xe9\na dull film\n", "latin1");
    const { code, stdout, stderr } = await place.run(["predict", "model.safetensors"], input);
    expect(stdout).toMatch(/^0\.\d{4}\tpositive\ta great film\n$/);
    expect(stderr).toMatch(/^lstmkit: BAD_TEXT: line 2 is not UTF-8; [^\n]*--encoding[^\n]*\n$/);
    expect(code).toBe(1);
  });

  test.for<[string[], RegExp]>([
    [["--encoding", "latin-9x"], /--encoding is "latin-9x"; wanted a label/],
    [["a film", "--encoding", "latin1"], /--encoding is for the standard input/],
  ])("%s is bad usage", async ([flags, message]) => {
    const { code, stdout, stderr } = await place.run(["predict", "model.safetensors", ...flags], "a film\n");
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("refuses a folder as its input", () => {
    const folder = openSync(place.folder, "r");
    const { status, stderr } = place.runOn(folder, "predict", "model.safetensors");
    closeSync(folder);
    expect(stderr).toMatch(/^lstmkit: FILE_UNREADABLE: the standard input cannot be read \(it is a folder\)/);
    expect(status).toBe(1);
  });

  test("counts the words of a text that the model reads, and those it does not know", async () => {
    const { stdout } = await place.run(["predict", "model.safetensors", "Zzzq film, zzzq!", "--json"]);
    expect(events(stdout)[0]).toMatchObject({ words: 3, unknown: 2 });
  });

  test("takes a text that begins with a dash after --", async () => {
    const { code, stdout } = await place.run(["predict", "model.safetensors", "--", "--a dull film"]);
    expect(stdout).toMatch(/\tnegative\t--a dull film\n$/);
    expect(code).toBe(0);
  });

  test("answers a slow writer at once", async () => {
    const child = place.start("predict", "model.safetensors");
    const answered = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    child.stdin.write("a great film\n");
    await answered; // before the input ends
    child.stdin.end("a dull film\n");
    expect((await outcome(child)).code).toBe(0);
  });

  test("a reader that goes away, as head does, ends it without a word", async () => {
    const child = place.start("predict", "model.safetensors");
    child.stdin.on("error", () => {});
    child.stdin.end("a great film\n".repeat(200_000));
    child.stdout.once("data", () => child.stdout.destroy());
    const { code, stderr } = await outcome(child);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("refuses a model without a vocabulary, and one whose vocabulary is damaged", async () => {
    const runtime = await createRuntime();
    const bare = await runtime.sequential([
      embedding({ inputDim: 50, outputDim: 4 }),
      lstm({ units: 4 }),
      dense({ units: 1, activation: "sigmoid" }),
    ]);
    await saveModel(bare, place.path("bare.safetensors"));
    await refused("NO_VOCABULARY", "bare.safetensors", "text");

    const model = await loadModel(runtime, place.path("model.safetensors"));
    await saveModel(model, place.path("damaged.safetensors"), { metadata: { vocabulary: '{"words":7}' } });
    await refused("BAD_MODEL_FILE", "damaged.safetensors", "text");
    await runtime.close();
  });

  test("refuses a model that does not give one probability a text", async () => {
    const runtime = await createRuntime();
    const { metadata } = await loadModel(runtime, place.path("model.safetensors"));
    const sequence = await runtime.sequential([
      embedding({ inputDim: 50, outputDim: 4 }),
      lstm({ units: 4, returnSequences: true }),
      dense({ units: 1, activation: "sigmoid" }),
    ]);
    await saveModel(sequence, place.path("sequence.safetensors"), { metadata: { ...metadata } });
    await refused("BAD_LAYER", "sequence.safetensors", "text");
    await runtime.close();
  });
});
