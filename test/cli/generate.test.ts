import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { events, outcome, Workplace } from "./command-line.ts";

const SENTENCES = [
  "the cat sat on the mat. ",
  "the dog sat on the log. ",
  "a cat and a dog sat in the fog.\n",
  "who has seen the wind? ",
];
const TEXT = Array.from({ length: 120 }, (_, i) => SENTENCES[(i * i + (i >> 2)) % 4]).join("");
const SMALL = "--units 24 --embedding 12 --lr 0.02 --dropout 0 --steps 20 --batch 4 --threads 1".split(" ");
const train = (...args: string[]) => place.run(["train", "--task", "generate", ...args]);

let place: Workplace;
let trained: Awaited<ReturnType<typeof train>>;
beforeAll(async () => {
  place = new Workplace();
  place.write("notes.txt", TEXT);
  trained = await train("notes.txt", ...SMALL, "--epochs", "8", "--seed", "3");
});
afterAll(() => place.dispose());

describe("train --task generate", () => {
  test("says what it learns from, what it reaches, and what to do next", () => {
    const { code, stdout, stderr } = trained;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^notes\.txt: 2,\d\d\d characters to learn from, \d\d\d at the end to validate on; 1\d known$/m,
    );
    expect(stdout).toMatch(
      /^Bits a character without a network: \d\.\d+ \(frequencies\), \d\.\d+ \(the two before it\)$/m,
    );
    expect(stdout.match(/^Pass \d\/8 - .* - bits a character: .* - validation: /gm)).toHaveLength(8);
    expect(stdout).toMatch(
      /^Model saved to model\.safetensors\nGo on: lstmkit generate model\.safetensors --prompt "…"$/m,
    );
  });

  test("--json has the same, and the same seed the same model", async () => {
    const { code, stdout } = await train(
      "notes.txt",
      ...SMALL,
      "--epochs",
      "8",
      "--seed",
      "3",
      "--json",
      "--out",
      "b.safetensors",
    );
    expect(code).toBe(0);
    const told = events(stdout);
    expect(told.map(({ event }) => event)).toEqual(["start", ...new Array(8).fill("epoch"), "done"]);
    expect(told[0]).toMatchObject({ dataset: "notes.txt", settings: { seed: 3, units: 24 } });
    expect(told.at(-1)).toMatchObject({ unit: "characters", out: "b.safetensors", unknown: 0 });
    expect(readFileSync(place.path("b.safetensors"))).toEqual(readFileSync(place.path("model.safetensors")));
  });

  test("a folder is one corpus: its .txt files, by their names", async () => {
    mkdirSync(place.path("letters/old"), { recursive: true });
    place.write("letters/a.txt", TEXT);
    place.write("letters/old/b.TXT", TEXT);
    place.write("letters/c.md", "nothing of this");
    const { code, stdout } = await train(
      "letters",
      ...SMALL,
      "--epochs",
      "1",
      "--json",
      "--out",
      "c.safetensors",
    );
    expect(code).toBe(0);
    const [{ tokens } = { tokens: {} }] = events(stdout) as unknown as { tokens: Record<string, number> }[];
    expect(tokens.train! + tokens.validation!).toBe(2 * TEXT.length + (TEXT.endsWith("\n") ? 0 : 1));
  });

  test("--words learns words, which generate goes on with", async () => {
    const { code } = await train(
      "notes.txt",
      "--words",
      ...SMALL,
      "--epochs",
      "6",
      "--out",
      "words.safetensors",
    );
    expect(code).toBe(0);
    const { stdout } = await place.run([
      "generate",
      "words.safetensors",
      "--prompt",
      "the cat",
      "--length",
      "12",
    ]);
    expect(stdout).toMatch(/^the cat( \w+){2}/);
  });

  test.for<[string, RegExp]>([
    ["nope.txt", /^lstmkit: FILE_NOT_FOUND: there is no nope\.txt/],
    ["empty.txt", /BAD_DATASET: "empty\.txt" is empty/],
    ["short.txt", /BAD_DATASET: the text has 5 characters; wanted 400 at least/],
    ["binary.txt", /BAD_TEXT: "binary\.txt", line 1 is not UTF-8; wanted UTF-8/],
    ["zeros.txt", /BAD_TEXT: "zeros\.txt", line 1 has a NUL/],
    ["bare", /BAD_DATASET: the folder "bare" has no \.txt file/],
  ])("%s is refused, and nothing is written", async ([name, message]) => {
    place.write("empty.txt", "");
    place.write("short.txt", "hallo");
    place.write(
      "binary.txt",
      Uint8Array.from({ length: 999 }, (_, i) => (i * 7 + 129) % 255),
    );
    place.write("zeros.txt", new Uint8Array(999));
    mkdirSync(place.path("bare"), { recursive: true });
    const { code, stderr, stdout } = await train(name, "--out", "none.safetensors");
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(existsSync(place.path("none.safetensors"))).toBe(false);
  });

  test("a file in another encoding is read where it is named", async () => {
    place.write("old.txt", Buffer.from(TEXT.replaceAll("the", "thé"), "latin1"));
    const wrong = await train("old.txt", ...SMALL);
    expect(wrong.stderr).toMatch(/BAD_TEXT: "old\.txt", line 1 is not UTF-8/);
    const right = await train(
      "old.txt",
      ...SMALL,
      "--epochs",
      "1",
      "--encoding",
      "windows-1252",
      "--out",
      "d.safetensors",
    );
    expect(right.code).toBe(0);
    const { stdout } = await place.run(["generate", "d.safetensors", "--prompt", "thé", "--length", "5"]);
    expect(stdout).toMatch(/^thé/);
  });

  test("Ctrl-C keeps the best weights so far, and exits with 130", async () => {
    const child = place.start(
      "train",
      "--task",
      "generate",
      "notes.txt",
      ...SMALL,
      "--epochs",
      "500",
      "--patience",
      "500",
      "--out",
      "cut.safetensors",
    );
    child.stdout.on("data", (piece: Buffer) => {
      if (/^Pass 2/m.test(String(piece))) child.kill("SIGINT");
    });
    const { code, stdout, stderr } = await outcome(child);
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Stopping; press Ctrl-C again/);
    expect(stdout).toMatch(/Interrupted\. Model saved to cut\.safetensors/);
    const { stdout: text } = await place.run([
      "generate",
      "cut.safetensors",
      "--length",
      "9",
      "--prompt",
      "the",
    ]);
    expect(text).toMatch(/^the/);
    rmSync(place.path("cut.safetensors"));
  });
});

describe("generate", () => {
  const generate = (...args: string[]) => place.run(["generate", "model.safetensors", ...args]);

  test("goes on from a prompt, the same by the same seed", async () => {
    const args = ["--prompt", "the cat", "--length", "50", "--top-k", "8", "--seed", "5"];
    const first = await generate(...args);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^the cat[a-z .?\n]{50}\n?$/);
    expect(await generate(...args)).toEqual(first);
    expect((await generate(...args.slice(0, -1), "6")).stdout).not.toBe(first.stdout);
    const [told] = events((await generate(...args, "--json")).stdout);
    expect(told).toMatchObject({ event: "generate", prompt: "the cat", findings: [] });
    expect(first.stdout.startsWith(`the cat${String(told!.text)}`)).toBe(true);
  });

  test("what the model does not know in the prompt is told on stderr", async () => {
    const { code, stderr } = await generate("--prompt", "the Ω", "--length", "3");
    expect(code).toBe(0);
    expect(stderr).toBe('The prompt has a character that the model does not know: "Ω"; left out.\n');
  });

  test("--stop ends the text; \\n is a line break", async () => {
    const { stdout } = await generate(
      "--prompt",
      "a cat",
      "--length",
      "2000",
      "--stop",
      "\\n",
      "--temperature",
      "0.5",
    );
    expect(stdout.indexOf("\n")).toBe(stdout.length - 1);
    expect(stdout.length).toBeLessThan(1000);
  });

  test.for<[string, RegExp]>([
    ["--temperature hot", /--temperature is "hot"; wanted 0, or a number from 0\.01 to 100/],
    ["--temperature 0.001", /--temperature is "0.001"/],
    ["--top-p 0", /--top-p is "0"; wanted a number above 0, at most 1/],
    ["--top-k 0", /--top-k is "0"/],
    ["--length -5", /--length is "-5"/],
    ["--seed x", /--seed is "x"/],
    ["--promt a", /unknown flag --promt/],
    ["--prompt", /--prompt has no value/],
    ["more", /"more" is one argument too many/],
  ])("%s is bad usage", async ([line, message]) => {
    const { code, stdout, stderr } = await generate(...line.split(" "));
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("a file that is none, and a model of another kind, are refused", async () => {
    const missing = await place.run(["generate", "nope.safetensors"]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^lstmkit: FILE_NOT_FOUND/) });
    const other = await place.run(["generate", "notes.txt"]);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/^lstmkit: BAD_MODEL_FILE/) });
  });

  test("Ctrl-C ends it with 130, a reader that has enough with 0", async () => {
    const child = place.start("generate", "model.safetensors", "--length", "1000000000");
    child.stdout.once("data", () => child.kill("SIGINT"));
    expect((await outcome(child)).code).toBe(130);
    const read = place.start("generate", "model.safetensors", "--length", "1000000000");
    const ended = new Promise((resolve) => read.on("close", resolve));
    let errors = "";
    read.stderr.on("data", (piece: Buffer) => {
      errors += String(piece);
    });
    read.stdout.once("data", () => read.stdout.destroy());
    expect(await ended).toBe(0);
    expect(errors).toBe("");
  });
});

test("demo knows its tasks", async () => {
  const { code, stderr } = await place.run(["demo", "chess"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/"chess" is no task with a demo; wanted .*generate/);
});
