import { readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { events, REVIEWS, Workplace } from "./command-line.ts";

const WIDE = "--epochs 1 --units 16 --embedding 32 --max-len 10 --vocab 50 --batch 8".split(" ");

let place: Workplace;
beforeAll(async () => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
  place.write("nothing.safetensors", "");
  await place.run(["train", "reviews.csv", ...WIDE, "--out", "model.safetensors"]);
});
afterAll(() => place.dispose());

test("writes a smaller file that predicts and is evaluated like the model, and says what it has lost", async () => {
  const flags = ["quantize", "model.safetensors", "--out", "small.safetensors", "--data", "reviews.csv"];
  const { code, stdout, stderr } = await place.run(flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(
    /^In int8: embedding, lstm\nIn f32: dense, biases\nBefore: loss .*\nAfter: {2}loss .*\nAccuracy lost: -?\d+\.\d\d points\nDigest: [0-9a-f]{64}\nModel saved to small\.safetensors: [\d,]+ bytes, \d+\.\d % of [\d,]+\n$/,
  );
  const [before, after] = ["model", "small"].map((name) => statSync(place.path(`${name}.safetensors`)).size);
  expect(after).toBeLessThan(before! / 2);
  const results = await Promise.all(
    ["model", "small"].map((name) => place.run(["evaluate", `${name}.safetensors`, "reviews.csv", "--json"])),
  );
  const [one, other] = results.map(({ stdout }) => events(stdout)[0]!);
  expect(Math.abs((one!.loss as number) - (other!.loss as number))).toBeLessThan(0.01);
  const said = await place.run(["predict", "small.safetensors", "a lovely film"]);
  expect(said).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^0\.\d{4}\t(negative|positive)\ta lovely film\n$/),
  });
});

test("tells programs the same, and gives the same bytes with any number of threads", async () => {
  const flags = ["quantize", "model.safetensors", "--data", "reviews.csv", "--json"];
  const { stdout } = await place.run([...flags, "--out", "a.safetensors"]);
  await place.run([...flags, "--out", "b.safetensors", "--threads", "2"]);
  const [a, b] = ["a", "b"].map((name) => readFileSync(place.path(`${name}.safetensors`)));
  expect(a!.equals(b!)).toBe(true);
  expect(events(stdout)).toEqual([
    {
      event: "quantize",
      out: "a.safetensors",
      bytes: { before: statSync(place.path("model.safetensors")).size, after: a!.length },
      int8: ["embedding", "lstm"],
      f32: ["dense"],
      weights: ["embedding/embeddings", "lstm/lstm_cell/kernel", "lstm/lstm_cell/recurrent_kernel"],
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      before: expect.objectContaining({ accuracy: expect.any(Number) }),
      after: expect.objectContaining({ accuracy: expect.any(Number) }),
      samples: 40,
      pointsLost: expect.any(Number),
    },
  ]);
});

test.each<{ args: string[]; code: number; says: RegExp }>([
  { args: ["model.safetensors"], code: 2, says: /--out is missing/ },
  { args: ["model.safetensors", "--out", "model.safetensors"], code: 2, says: /the model itself/ },
  {
    args: ["model.safetensors", "--out", "x", "--data", "nonsense"],
    code: 2,
    says: /"nonsense" is no data set/,
  },
  {
    args: ["model.safetensors", "--out", "x", "--text", "review"],
    code: 2,
    says: /the data set here is none/,
  },
  { args: ["lacking.safetensors", "--out", "x"], code: 1, says: /FILE_NOT_FOUND/ },
  { args: ["nothing.safetensors", "--out", "x"], code: 1, says: /BAD_MODEL_FILE/ },
  { args: ["model.safetensors", "--out", "no/such/x"], code: 1, says: /FILE_UNWRITABLE/ },
])("refuses $args", async ({ args, code, says }) => {
  const found = await place.run(["quantize", ...args]);
  expect(found.stderr).toMatch(says);
  expect(found).toMatchObject({ code, stdout: "" });
});

test("refuses a model that is quantized already", async () => {
  await place.run(["quantize", "model.safetensors", "--out", "once.safetensors"]);
  const found = await place.run(["quantize", "once.safetensors", "--out", "twice.safetensors"]);
  expect(found).toMatchObject({ code: 1, stderr: expect.stringContaining("QUANTIZED") });
});

test("evaluate and quantize say why 256 bits that were asked for are not had", async () => {
  const has256 = [24, 26].includes(Number.parseInt(process.versions.node, 10)) && process.arch === "x64";
  const commands = [
    ["evaluate", "model.safetensors", "reviews.csv"],
    ["quantize", "model.safetensors", "--out", "c.safetensors"],
  ];
  for (const command of commands) {
    expect(await place.run(command)).toMatchObject({ code: 0, stderr: "" });
    const { stderr } = await place.run([...command, "--vectors", "256"]);
    expect(stderr).toMatch(has256 ? /^$/ : /^The vectors have 128 bits: .+\.\n$/);
  }
});
