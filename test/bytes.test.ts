import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { allBytesOf, bytesOf } from "../src/bytes.ts";
import { codedError } from "./data/coded-error.ts";

const BYTES = Uint8Array.of(9, 1, 2, 3, 9);
const { buffer } = BYTES;

function shared(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(3);
  new Uint8Array(memory).set([1, 2, 3]);
  return memory;
}

function detached<V extends Uint8Array | DataView>(view: V): V {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  return view;
}

describe("bytes are taken from", () => {
  test.each<[string, unknown]>([
    ["a Uint8Array", Uint8Array.of(1, 2, 3)],
    ["a part of a buffer", BYTES.subarray(1, 4)],
    ["a Buffer", Buffer.from([1, 2, 3])],
    ["a DataView", new DataView(buffer, 1, 3)],
    ["another typed array", Int8Array.of(1, 2, 3)],
    ["an ArrayBuffer", buffer.slice(1, 4)],
    ["a SharedArrayBuffer", shared()],
    ["a view of a SharedArrayBuffer", new Uint8Array(shared())],
    ["a buffer of another realm", runInNewContext("Uint8Array.of(1, 2, 3).buffer")],
    ["a view of another realm", runInNewContext("Uint8Array.of(1, 2, 3)")],
  ])("%s", async (_, given) => {
    const bytes = bytesOf(given, "sample()");
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype); // no Buffer
    expect([...bytes]).toEqual([1, 2, 3]);
    expect([...(await allBytesOf(given, "sample()"))]).toEqual([1, 2, 3]);
  });

  test("a 16-bit array are those of its memory", () => {
    expect(bytesOf(Uint16Array.of(0x0201), "sample()")).toEqual(Uint8Array.of(1, 2));
  });
});

test("a Uint8Array is given back itself, and no other memory is copied but that of threads", () => {
  const bytes = Uint8Array.of(1);
  expect(bytesOf(bytes, "sample()")).toBe(bytes);
  expect(bytesOf(new DataView(buffer), "sample()").buffer).toBe(buffer);
  expect(bytesOf(shared(), "sample()").buffer).toBeInstanceOf(ArrayBuffer);
});

describe("refused, with what was found", () => {
  test.each<[string, () => unknown, RegExp]>([
    ["nothing", () => undefined, /sample\(\) was given undefined for its bytes; wanted a Uint8Array/],
    ["null", () => null, /null/],
    ["a number", () => 5, /5/],
    ["a BigInt", () => 5n, /5n/],
    ["a symbol", () => Symbol("s"), /Symbol\(s\)/],
    ["a string", () => "text", /"text"/],
    ["an array", () => [1, 2, 3], /\[1, 2, 3\]/],
    ["an object", () => ({ length: 3 }), /\{ length: 3 \}/],
    ["what calls itself a buffer", () => ({ [Symbol.toStringTag]: "ArrayBuffer", length: 3 }), /ArrayBuffer/],
    ["a function", () => () => {}, /function/],
    ["a promise", () => Promise.resolve(BYTES), /a Promise/],
    ["detached bytes", () => detached(Uint8Array.of(1)), /detached/],
    ["a detached view", () => detached(new DataView(new ArrayBuffer(3))), /detached/],
    ["a detached buffer", () => detached(Uint8Array.of(1)).buffer, /detached/],
  ])("%s", (_, given, message) => {
    expect(() => bytesOf(given(), "sample()")).toThrow(codedError("BAD_ARGUMENT", message));
    expect(() => allBytesOf(given(), "sample()")).toThrow(codedError("BAD_ARGUMENT", message));
  });

  test("a Blob, by a call that cannot wait", () => {
    expect(() => bytesOf(new Blob(["x"]), "sample()")).toThrow(codedError("BAD_ARGUMENT", /a Blob/));
  });
});

describe("a call that can wait takes", () => {
  test.each<[string, unknown]>([
    ["a Blob", new Blob([Uint8Array.of(1, 2, 3)])],
    ["a File", new File([Uint8Array.of(1, 2, 3)], "name")],
    ["a Response", new Response(Uint8Array.of(1, 2, 3))],
  ])("%s", async (_, given) => {
    expect(await allBytesOf(given, "sample()")).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("no answer but one of success", async () => {
    const answer = new Response("gone", { status: 404 });
    await expect(allBytesOf(answer, "sample()")).rejects.toEqual(codedError("FILE_UNREADABLE", /status 404/));
  });

  test("no answer that was read before", async () => {
    const answer = new Response("x");
    await answer.text();
    await expect(allBytesOf(answer, "sample()")).rejects.toEqual(
      codedError("FILE_UNREADABLE", /could not read the bytes of a Response.*once/),
    );
  });

  test("nothing else with such a method", async () => {
    const given = { arrayBuffer: async () => "text" };
    await expect(allBytesOf(given, "sample()")).rejects.toEqual(codedError("BAD_ARGUMENT", /"text"/));
  });
});
