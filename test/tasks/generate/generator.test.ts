/** A generator as its user has it: learn, write, save, load; the same text everywhere. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRuntime, type Runtime, spawnRuntime } from "../../../src/node.ts";
import {
  type GenerateOptions,
  type GenerateReport,
  generator,
  loadGenerator,
  readTask,
  type TextGenerator,
} from "../../../src/tasks/index.ts";
import { codedError } from "../../data/coded-error.ts";

const SENTENCES = [
  "the cat sat on the mat. ",
  "the dog sat on the log. ",
  "a cat and a dog sat in the fog.\n",
  "who has seen the wind? ",
];
const TEXT = Array.from({ length: 120 }, (_, i) => SENTENCES[(i * i + (i >> 2)) % 4]).join("");
const SMALL = {
  units: 24,
  embedding: 12,
  epochs: 8,
  dropout: 0,
  learningRate: 0.02,
  steps: 20,
  batchSize: 4,
  seed: 3,
};
const WANTED: GenerateOptions = { prompt: "the cat", length: 60, seed: 5, topK: 8 };

let kit: Runtime;
let made: TextGenerator;
let report: GenerateReport;
let bytes: Uint8Array<ArrayBuffer>;
let text: string;
beforeAll(async () => {
  kit = await createRuntime();
  made = generator(kit, SMALL);
  report = await made.fit(TEXT);
  bytes = await made.save();
  text = await made.predict(WANTED);
});
afterAll(() => kit.close());

describe("what it learns", () => {
  test("says the text better than counts do, and reports what it is to be seen beside", () => {
    const [frequencies, trigram] = report.baselines;
    expect(report.bits.validation).toBeLessThan(frequencies!.bits / 2);
    expect(report.bits.validation).toBeLessThan(trigram!.bits * 1.2);
    expect(trigram!.bits).toBeLessThan(frequencies!.bits);
    expect(report).toMatchObject({ unit: "characters", unknown: 0, epochs: 8 });
    expect(report.tokens.train + report.tokens.validation).toBe(TEXT.length);
  });

  test("writes words of the text", () => {
    const words = new Set(TEXT.split(/[^a-z]+/));
    const written = text
      .slice(0, text.lastIndexOf(" "))
      .split(/[^a-z]+/)
      .slice(1);
    expect(written.filter((word) => words.has(word)).length).toBeGreaterThan(written.length * 0.7);
  });

  test("evaluate says of the text's end what fit said of it", async () => {
    const { bits, tokens, unknown } = await made.evaluate(TEXT.slice(-report.tokens.validation));
    expect(bits).toBe(report.bits.validation);
    expect({ tokens, unknown }).toEqual({ tokens: report.tokens.validation, unknown: 0 });
  });

  test("the last tenth has no part in vocabulary or weights", async () => {
    const other = generator(kit, { ...SMALL, epochs: 1, patience: 1 });
    const same = generator(kit, { ...SMALL, epochs: 1, patience: 1 });
    const n = report.tokens.train;
    const changed = `${TEXT.slice(0, n)}${"Ω".repeat(TEXT.length - n)}`;
    const [a, b] = [await other.fit(TEXT), await same.fit(changed)];
    expect(a.vocabulary).toBe(b.vocabulary);
    expect(b.unknown).toBe(1);
    expect(await same.predict(WANTED)).toBe(await other.predict(WANTED));
  });
});

describe("the same seed, the same text", () => {
  test("piece by piece or at once, again and again; another seed writes another", async () => {
    let pieces = "";
    for await (const piece of made.generate(WANTED)) pieces += piece;
    expect(pieces).toBe(text);
    expect([...text]).toHaveLength(60);
    expect(await made.predict({ ...WANTED, seed: 6 })).not.toBe(text);
    const [one, two] = await Promise.all([made.predict(WANTED), made.predict({ ...WANTED, temperature: 0 })]);
    expect(one).toBe(text);
    expect(two).toBe(await made.predict({ ...WANTED, temperature: 0, seed: 9 })); // greedy: no chance in it
  });

  test("a shorter text is the beginning of a longer one", async () => {
    expect(text.startsWith(await made.predict({ ...WANTED, length: 13 }))).toBe(true);
    expect(await made.predict({ ...WANTED, length: 0 })).toBe("");
  });

  test.each([
    { name: "two threads", open: () => createRuntime({ threads: 2 }) },
    { name: "a worker", open: () => spawnRuntime() },
  ])("from $name: training and writing", async ({ open }) => {
    const other = await open();
    const loaded = await loadGenerator(other, bytes);
    expect(await loaded.predict(WANTED)).toBe(text);
    const again = generator(other, SMALL);
    expect(await again.fit(TEXT)).toEqual(report);
    expect(await again.save()).toEqual(bytes);
    await other.close();
  });

  test("temperature is what it says: the shares to the power of 1/t", async () => {
    const plain = await kit.load(bytes);
    const { vocabulary } = readTask(plain) as unknown as { vocabulary: string };
    const ids = Array.from("the ", (letter) => vocabulary.indexOf(letter) + 1);
    const shares = [...(await plain.predict([ids])).data.slice(-(vocabulary.length + 1))];
    const wanted = shares.map((share, id) => (id === 0 ? 0 : share ** 2));
    const sum = wanted.reduce((a, b) => a + b);
    const counts = new Map<string, number>();
    const n = 600;
    for (let seed = 0; seed < n; seed++) {
      const letter = await made.predict({ prompt: "the ", length: 1, temperature: 0.5, seed });
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    for (const [id, share] of wanted.entries()) {
      const expected = share / sum;
      const found = (counts.get(vocabulary[id - 1] ?? "") ?? 0) / n;
      expect(Math.abs(found - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / n) + 0.002);
    }
    await plain.dispose();
  });
});

describe("its file", () => {
  test("opens as a plain model as well, of a batch of any size", async () => {
    const plain = await kit.load(bytes);
    expect(readTask(plain)).toMatchObject({ task: "generate", version: 1, unit: "characters" });
    const { shape } = await plain.predict([
      [1, 2, 3],
      [3, 2, 1],
      [2, 2, 2],
    ]);
    expect(shape).toEqual([3, 3, report.vocabulary + 1]);
    await plain.dispose();
  });

  test("keeps the report and gives the same bytes again", async () => {
    const loaded = await loadGenerator(kit, bytes);
    expect(loaded.report).toEqual(report);
    expect(await loaded.save()).toEqual(bytes);
    await loaded.dispose();
  });

  test("in int8 it writes as well", async () => {
    const plain = await kit.load(bytes);
    const small = await loadGenerator(kit, await plain.quantize());
    expect([...(await small.predict(WANTED))]).toHaveLength(60);
    await small.dispose();
    await plain.dispose();
  });

  test.each([
    [
      "of another task",
      { task: JSON.stringify({ task: "forecast", version: 1 }) },
      /names the task "forecast"/,
    ],
    ["of a later version", { task: JSON.stringify({ task: "generate", version: 9 }) }, /the version 9/],
    ["without a vocabulary", { task: JSON.stringify({ task: "generate", version: 1 }) }, /lacks what/],
  ])("%s is refused", async (_, metadata, message) => {
    const plain = await kit.load(bytes);
    const { task: _own, ...others } = plain.metadata;
    const damaged = await plain.save({ metadata: { ...others, ...metadata } });
    await expect(loadGenerator(kit, damaged)).rejects.toThrow(codedError("BAD_MODEL_FILE", message));
    await plain.dispose();
  });

  test("of no task is refused", async () => {
    const plain = await kit.load(bytes);
    const other = await kit.sequential(plain.layers);
    await expect(loadGenerator(kit, await other.save())).rejects.toThrow(
      codedError("BAD_MODEL_FILE", /"task" is not there/),
    );
    await Promise.all([plain.dispose(), other.dispose()]);
  });

  test("with a vocabulary that the layers have not is refused", async () => {
    const plain = await kit.load(bytes);
    const record = JSON.parse(plain.metadata.task!) as { vocabulary: string };
    const longer = JSON.stringify({ ...record, vocabulary: `${record.vocabulary}#` });
    const damaged = await plain.save({ metadata: { task: longer } });
    await expect(loadGenerator(kit, damaged)).rejects.toThrow(codedError("BAD_MODEL_FILE", /others/));
    await plain.dispose();
  });
});

describe("prompts and stops", () => {
  test("unknown characters are told, and left out where training had none", async () => {
    const findings: unknown[] = [];
    const onFinding = (finding: unknown) => void findings.push(finding);
    expect(await made.predict({ ...WANTED, prompt: "the 漢c漢at", onFinding })).toBe(text);
    expect(findings).toEqual([
      {
        code: "UNKNOWN_TOKENS",
        count: 2,
        message: 'The prompt has 2 characters that the model does not know: "漢"; left out.',
      },
    ]);
  });

  test("a text ends in front of a stop", async () => {
    const all = await made.predict({ ...WANTED, length: 200 });
    const stopped = await made.predict({ ...WANTED, length: 200, stop: ["sat", "seen"] });
    expect(stopped).toBe(all.slice(0, all.search(/sat|seen/)));
  });

  test("without a prompt it begins by itself", async () => {
    expect([...(await made.predict({ length: 20 }))]).toHaveLength(20);
  });

  test("what is rare is read and never written", async () => {
    const rare = `${TEXT.slice(0, 1000)}ß${TEXT.slice(1000)}`;
    const other = generator(kit, { ...SMALL, epochs: 1 });
    await other.fit(rare);
    const findings: { message: string }[] = [];
    const wild = await other.predict({
      prompt: "ß",
      length: 3000,
      temperature: 100,
      onFinding: (finding) => void findings.push(finding),
    });
    expect([...wild]).toHaveLength(3000);
    expect(wild).not.toContain("ß");
    expect(findings[0]!.message).toMatch(/a character .*"ß"; read as the unknown one/);
    await other.dispose();
  });
});

describe("words", () => {
  test("are learnt and written with their blanks and signs", async () => {
    const words = generator(kit, { ...SMALL, words: true, epochs: 6, vocabulary: 30 });
    const learnt = await words.fit(TEXT);
    expect(learnt).toMatchObject({ unit: "words", unknown: 0 });
    const written = await words.predict({ prompt: "the cat", length: 30, temperature: 0.5 });
    expect(written).toMatch(/^ (sat|and)/);
    expect(written).toMatch(/[a-z][.?]( |\n)[a-z]/);
    const loaded = await loadGenerator(kit, await words.save());
    expect(await loaded.predict({ prompt: "the cat", length: 30, temperature: 0.5 })).toBe(written);
    await loaded.dispose();
    await words.dispose();
  });
});

describe("what goes wrong", () => {
  test("bad data and options are refused before anything is done", async () => {
    expect(() => generator(kit, { unit: 3 } as object)).toThrow(
      codedError("BAD_ARGUMENT", /did you mean units/),
    );
    const fresh = generator(kit, SMALL);
    await expect(fresh.fit("too short")).rejects.toThrow(
      codedError("BAD_DATASET", /9 characters; wanted 400/),
    );
    await expect(fresh.fit("")).rejects.toThrow(codedError("BAD_DATASET"));
    await expect(fresh.fit([])).rejects.toThrow(codedError("BAD_ARGUMENT"));
    await expect(fresh.fit([3] as unknown as string[])).rejects.toThrow(codedError("BAD_ARGUMENT"));
    await expect(fresh.fit(undefined as unknown as string)).rejects.toThrow(codedError("BAD_ARGUMENT"));
    await expect(fresh.predict()).rejects.toThrow(codedError("NOT_FITTED"));
    await expect(fresh.save()).rejects.toThrow(codedError("NOT_FITTED"));
    for (const bad of [
      { temperature: 0.001 },
      { topP: 0 },
      { topK: 0 },
      { stop: "" },
      { seed: -1 },
      { length: -1 },
    ]) {
      expect(() => made.generate(bad)).toThrow(codedError("BAD_ARGUMENT"));
    }
    await expect(loadGenerator(kit, new Uint8Array(9))).rejects.toThrow(codedError("BAD_MODEL_FILE"));
  });

  test("an abort keeps the best weights so far", async () => {
    const fresh = generator(kit, SMALL);
    const stop = new AbortController();
    const seen: number[] = [];
    const fitting = fresh.fit(TEXT, {
      signal: stop.signal,
      onValidation: ({ epoch, valBits }) => {
        seen.push(valBits);
        if (epoch === 1) stop.abort();
      },
    });
    await expect(fresh.fit(TEXT)).rejects.toThrow(codedError("BUSY"));
    await expect(fitting).rejects.toThrow(codedError("ABORTED"));
    expect(seen).toHaveLength(2);
    expect(fresh.report!.bits.validation).toBe(Math.min(...seen));
    expect([...(await fresh.predict(WANTED))]).toHaveLength(60);
    await fresh.dispose();
  });

  test("an abort before the first batch leaves nothing, and the generator as it was", async () => {
    const fresh = generator(kit, SMALL);
    await expect(fresh.fit(TEXT, { signal: AbortSignal.abort() })).rejects.toThrow(codedError("ABORTED"));
    expect(fresh.report).toBeNull();
  });

  test("writing ends with its signal, and a reader may leave; memory is given back", async () => {
    const before = (await kit.info()).memoryInUse;
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const endless = made.predict({ length: 1e9, signal: stop.signal });
    await expect(endless).rejects.toThrow(codedError("ABORTED"));
    for await (const piece of made.generate({ length: 1e9 })) if (piece !== "") break;
    expect((await kit.info()).memoryInUse).toBe(before);
  });

  test("after dispose() every call says so", async () => {
    const loaded = await loadGenerator(kit, bytes);
    await loaded.dispose();
    await expect(loaded.predict()).rejects.toThrow(codedError("DISPOSED"));
    await expect(loaded.fit(TEXT)).rejects.toThrow(codedError("DISPOSED"));
  });
});
