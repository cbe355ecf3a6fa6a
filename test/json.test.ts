import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonError, parseJson } from "../src/json.ts";

test("what is JSON without tricks is what JSON.parse makes of it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
    { seed: 22, numRuns: 500 },
  );
});

test("brackets, commas and quotes inside strings count for nothing", () => {
  const value = { 'a":{"': `${"[".repeat(100)}\\`, b: 'x\\"', c: ['{"a":1,"a":2}', "\\\\"], d: { b: 1 } };
  expect(parseJson(JSON.stringify(value))).toEqual(value);
});

test("a key called __proto__ is a key", () => {
  expect(Object.keys(parseJson('{"__proto__": {"a": 1}}') as object)).toEqual(["__proto__"]);
});

describe("is refused, in words, not by a full heap or stack:", () => {
  test.each([
    ["16 levels are read, 17", "[".repeat(17) + "]".repeat(17), "is nested more than 16 deep"],
    ["10 million brackets", "[".repeat(1e7), "is nested more than 16 deep"],
    ["a million objects in objects", '{"a":'.repeat(1e6), "is nested more than 16 deep"],
    ["5 million empty objects", `[${"{},".repeat(5e6)}0]`, "holds more than 4194304 values"],
    [
      "a million keys and some",
      `[${Array.from({ length: 1_100_000 }, (_, i) => `{"${i.toString(36)}":0}`).join()}]`,
      "holds more than 1048576 keys",
    ],
    ["a key twice", '{"a":1,"b":2,"a":3}', 'has the key "a" twice'],
    ["a key twice, once escaped", '{"a":1,"\\u0061":3}', 'has the key "a" twice'],
    ["a key twice inside", '[{"a":{"b":1,"b":2}}]', 'has the key "b" twice'],
    ["a long key twice", `{"${"k".repeat(1e5)}":1,"${"k".repeat(1e5)}":1}`, /^has the key "k{58}… twice$/],
    ["no end", '{"a', "is not JSON"],
    ["a bad escape in a key", '{"\\x":1}', "is not JSON"],
    ["a string behind an object", '{}"a"', "is not JSON"],
    ["a string behind an object in a list", '[{}"a"]', "is not JSON"],
    ["too many ends", "]]]]", "is not JSON"],
    ["nothing", "", "is not JSON"],
  ])("%s", (_, text, reason) => {
    const message = reason instanceof RegExp ? reason : new RegExp(`^${reason}$`);
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message) }),
    );
    expect(() => parseJson(text)).toThrow(JsonError);
  });

  test("16 levels are read", () => {
    expect(parseJson("[".repeat(16) + "]".repeat(16))).toHaveLength(1);
  });
});

test("a run of a million backslashes takes no longer than it is long", () => {
  const text = JSON.stringify(["\\".repeat(1e6), '\\"'.repeat(1e5)]);
  expect(parseJson(text)).toEqual(JSON.parse(text));
});
