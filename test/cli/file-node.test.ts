import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkWritable } from "../../src/disk/disk-node.ts";
import {
  createRuntime,
  dense,
  embedding,
  loadModel,
  lstm,
  type Model,
  type Runtime,
  saveModel,
} from "../../src/node.ts";
import { Workplace } from "./command-line.ts";

let place: Workplace;
let runtime: Runtime;
let model: Model;
beforeAll(async () => {
  place = new Workplace();
  runtime = await createRuntime();
  model = await runtime.sequential([
    embedding({ inputDim: 7, outputDim: 3 }),
    lstm({ units: 5 }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
});
afterAll(async () => {
  await runtime.close();
  place.dispose();
});

describe("model files on disk", () => {
  test("a model comes back with the same digest, its metadata, and nothing beside the file", async () => {
    await saveModel(model, place.path("a.safetensors"), { metadata: { note: "of mine" } });
    const loaded = await loadModel(runtime, place.path("a.safetensors"));
    expect(await loaded.digest()).toBe(await model.digest());
    expect(loaded.metadata.note).toBe("of mine");
    expect(readdirSync(place.folder)).toEqual(["a.safetensors"]);
  });

  test("a file of that name is replaced", async () => {
    writeFileSync(place.path("a.safetensors"), "old");
    await saveModel(model, place.path("a.safetensors"));
    expect(readFileSync(place.path("a.safetensors")).length).toBeGreaterThan(3);
  });

  test("a failure is FILE_UNWRITABLE and leaves nothing behind", async () => {
    mkdirSync(place.path("folder"), { recursive: true });
    const before = readdirSync(place.folder);
    for (const path of [
      place.path("folder"),
      place.path("nowhere/a.safetensors"),
      place.path("a.safetensors/b"),
    ]) {
      await expect(saveModel(model, path)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
      await expect(checkWritable(path)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    }
    await checkWritable(place.path("new.safetensors"));
    expect(readdirSync(place.folder)).toEqual(before);
    expect(readdirSync(place.path("folder"))).toEqual([]);
  });

  test("what is no regular file is not replaced by one", async () => {
    await expect(saveModel(model, "/dev/null")).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  });

  test("a missing file is FILE_NOT_FOUND, a folder FILE_UNREADABLE", async () => {
    await expect(loadModel(runtime, place.path("nowhere"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(loadModel(runtime, place.folder)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});
