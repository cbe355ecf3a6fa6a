import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  bidirectional,
  createRuntime,
  dense,
  embedding,
  gru,
  type Layer,
  loadModel,
  lstm,
  saveModel,
} from "../../src/node.ts";
import { events, REVIEWS, SMALL, Workplace } from "./command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
  const longer = [...SMALL.slice(2), "--epochs", "20", "--lr", "0.02"];
  await place.run(["train", "reviews.csv", ...longer, "--out", "model.safetensors"]);
});
afterAll(() => place.dispose());

/** A model of other layers that reads what the trained one does. */
async function saveBeside(name: string, ...layers: readonly Layer[]): Promise<void> {
  const runtime = await createRuntime();
  const { metadata, layers: trained } = await loadModel(runtime, place.path("model.safetensors"));
  const head = dense({ units: 1, activation: "sigmoid" });
  const model = await runtime.sequential([{ ...trained[0]!, name: "" }, ...layers, head]);
  await saveModel(model, place.path(name), { metadata: { ...metadata } });
  await runtime.close();
}

const refused = async (error: string, ...args: string[]) => {
  const { code, stdout, stderr } = await place.run(["inspect", ...args], "text\n");
  expect(stderr).toMatch(new RegExp(`^lstmkit: ${error}: [^\\n]*\\n$`));
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
};

describe("lstmkit inspect", () => {
  test("prints the class, the prediction after each word, and a row of digits for each", async () => {
    const { code, stdout, stderr } = await place.run([
      "inspect",
      "model.safetensors",
      "A lovely strange film",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^0\.\d{4}\tpositive\n\nProbability of "positive" after each word:\n/);
    for (const word of ["[START]", "lovely", "(strange)", "film"]) {
      const lines = stdout.split("\n").filter((line) => line.startsWith(`${word} `));
      expect(lines, word).toHaveLength(2);
      expect(lines[0]).toMatch(/ #*\.* [01]\.\d\d (positive|negative)$/);
      expect(lines[1]).toMatch(/( [0-9a-i.]{8} ?){6}$/);
    }
    expect(stdout).toMatch(/\nlstm: 8 units, from left to right\n/);
    expect(stdout).not.toContain("\x1b");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("says the same as predict, for an argument and for all of the input as one text", async () => {
    const text = "a dull film,\nnumber 7";
    const predicted = await place.run(["predict", "model.safetensors", text, "--json"]);
    const { probability, label } = events(predicted.stdout)[0]!;
    for (const [args, input] of [
      [[text], ""],
      [["-"], text],
      [[], text],
    ] as const) {
      const { stdout } = await place.run(["inspect", "model.safetensors", ...args, "--json"], input);
      const found = events(stdout);
      expect(found[0]).toEqual({ event: "inspect", text, probability, label, words: 6, cut: 0 });
      const words = found.filter(({ event }) => event === "word");
      expect(words.map(({ word }) => word)).toEqual(["[START]", "a", "dull", "film", "number", "7"]);
      expect(words.at(-1)!.probability).toBe(probability);
      const steps = found.filter(({ event }) => event === "step");
      expect(steps).toHaveLength(6);
      for (const [step, event] of steps.entries()) {
        expect(event).toMatchObject({ layer: "lstm", step });
        for (const gate of ["i", "f", "g", "o", "c", "h"]) expect(event[gate]).toHaveLength(8);
      }
    }
  });

  test("reads text in the encoding that it is in", async () => {
    const words = async (input: Uint8Array, ...flags: string[]) => {
      const { stdout, stderr } = await place.run(["inspect", "model.safetensors", "--json", ...flags], input);
      return (
        stderr +
        events(stdout)
          .flatMap(({ event, word }) => (event === "word" ? word : []))
          .join(" ")
      );
    };
    expect(await words(Buffer.from("\ufeffa “dull” film", "utf16le"))).toBe("[START] a dull film");
    const latin1 = Buffer.from("a\ncaf\xe9", "latin1");
    expect(await words(latin1, "--encoding", "latin1")).toBe("[START] a café");
    expect(await words(latin1)).toMatch(/^lstmkit: BAD_TEXT: line 2 is not UTF-8/);
  });

  test("shows only the layer and gates that are asked for", async () => {
    const args = ["inspect", "model.safetensors", "a film", "--layer", "1", "--gates", "c,f"];
    const { stdout } = await place.run(args);
    expect(stdout).toMatch(/ f forget +c cell\n/);
    expect(stdout).not.toMatch(/candidate|state/);
  });

  test("shows what a GRU and a bidirectional layer have, by their names", async () => {
    await saveBeside("gru.safetensors", gru({ units: 4, returnSequences: true }), gru({ units: 9 }));
    await saveBeside("both.safetensors", bidirectional({ layer: lstm({ units: 4 }) }));
    for (const [model, gates, head] of [
      ["gru.safetensors", "r,h", "r reset +h state"],
      ["both.safetensors", "h_backward,f_forward", "f_forward +h_backward"],
    ] as const) {
      const { stdout } = await place.run(["inspect", model, "a fine film", "--gates", gates]);
      expect(stdout).toMatch(new RegExp(`\\n +${head}\\n`));
      const predicted = await place.run(["predict", model, "a fine film"]);
      expect(stdout.slice(0, 6)).toBe(predicted.stdout.slice(0, 6));
      for (const out of ["gates.svg", "gates.html"]) {
        const { code, stderr } = await place.run(["inspect", model, "a fine film", "--out", out]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(readFileSync(place.path(out), "utf8")).toContain(`>${gates.split(",")[1]} `);
      }
    }
    const other = await place.run(["inspect", "gru.safetensors", "a film", "--gates", "c"]);
    expect(other.stderr).toMatch(/--gates is "c"; wanted some of u,r,g,h, each once/);
    expect(other.code).toBe(2);
  });

  test("tells how many words the model does not read", async () => {
    const text = Array.from({ length: 14 }, (_, i) => `film${i}`).join(" ");
    const { code, stderr } = await place.run(["inspect", "model.safetensors", text]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "4 words cut off; the model reads 10.\n" });
  });

  test("writes a picture or a page, whole, over one that is there", async () => {
    place.write("gates.svg", "old");
    for (const [name, start] of [
      ["gates.svg", "<svg "],
      ["gates.html", "<!doctype html>"],
    ] as const) {
      const { code, stdout } = await place.run([
        "inspect",
        "model.safetensors",
        "a fine film",
        "--out",
        name,
      ]);
      expect(stdout).toMatch(new RegExp(`^0\\.\\d{4}\tpositive\nPicture saved to ${name}\n$`));
      expect(code).toBe(0);
      expect(readFileSync(place.path(name), "utf8").startsWith(start)).toBe(true);
    }
    expect(readdirSync(place.folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    const json = await place.run(["inspect", "model.safetensors", "a film", "--json", "--out", "gates.svg"]);
    expect(events(json.stdout).at(-1)).toEqual({ event: "saved", out: "gates.svg" });
  });

  test("refuses a model without a vocabulary, one of other outputs, and places that cannot be written", async () => {
    const runtime = await createRuntime();
    const layers = [
      embedding({ inputDim: 50, outputDim: 4 }),
      lstm({ units: 4 }),
      dense({ units: 1, activation: "sigmoid" }),
    ];
    await saveModel(await runtime.sequential(layers), place.path("bare.safetensors"));
    await runtime.close();
    const everyStep = lstm({ units: 4, returnSequences: true });
    await saveBeside("sequence.safetensors", everyStep);
    await saveBeside("sequences.safetensors", bidirectional({ layer: everyStep }));
    await saveBeside("rows.safetensors");
    await refused("NO_VOCABULARY", "bare.safetensors", "text");
    for (const name of ["sequence", "sequences", "rows"]) {
      await refused("BAD_LAYER", `${name}.safetensors`, "text");
    }
    await refused("FILE_NOT_FOUND", "nothing.safetensors", "text");
    await refused("FILE_UNWRITABLE", "model.safetensors", "text", "--out", "nowhere/gates.svg");
  });

  test.for<[string[], RegExp]>([
    [["--out", "gates.png"], /--out is "gates.png"; wanted a name that ends in .svg or .html/],
    [["--gates", "i,x"], /--gates is "i,x"; wanted some of i,f,g,o,c,h/],
    [["--gates", "i,i"], /--gates is "i,i"/],
    [["--layer", "0"], /--layer is "0"/],
    [["--layer", "2"], /nothing is left to show; wanted .* 1 \(lstm: i,f,g,o,c,h\)/],
  ])("%s is bad usage", async ([flags, message]) => {
    const { code, stdout, stderr } = await place.run(["inspect", "model.safetensors", "a film", ...flags]);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});
