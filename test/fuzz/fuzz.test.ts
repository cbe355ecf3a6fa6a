import { describe, expect, test } from "vitest";
import { LstmkitError } from "../../src/errors.ts";
import { mutated, randomOf } from "./mutations.ts";
import { outcomeOf } from "./outcome.ts";
import { TARGETS, type Target } from "./targets.ts";

/** `npm run fuzz` tries as many as there is time for. */
const INPUTS = 1000;

describe("damaged files give a value or a coded error, in time:", () => {
  test.each(TARGETS.map((target) => [target.name, target] as const))("%s", async (_, target) => {
    const random = randomOf(22);
    let values = 0;
    for (let i = 0; i < INPUTS; i++) {
      const bytes = mutated(target.seeds, random);
      const { fault, isValue } = await outcomeOf(target, bytes);
      if (fault !== null)
        expect.fail(`${fault}, input ${i}: ${Buffer.from(bytes).toString("base64").slice(0, 2000)}`);
      if (isValue) values++;
    }
    expect(values).toBeLessThan(INPUTS);
  });

  test.each(TARGETS.map((target) => [target.name, target] as const))(
    "%s takes its seeds",
    async (_, target) => {
      for (const seed of target.seeds) {
        expect(await outcomeOf(target, seed)).toMatchObject({ isValue: true, fault: null });
      }
    },
  );
});

describe("the fuzzer finds", () => {
  const target = (parse: Target["parse"]): Target => ({ name: "faulty", seeds: [], parse });
  const faultOf = async (parse: Target["parse"]) =>
    (await outcomeOf(target(parse), new Uint8Array(9), 50)).fault;

  test("an error without a code, thrown or rejected", async () => {
    const overflow = () => {
      throw new RangeError("Maximum call stack size exceeded");
    };
    expect(await faultOf(overflow)).toMatch(/^threw RangeError: Maximum call stack/);
    expect(await faultOf(() => Promise.reject(new TypeError("x of undefined")))).toMatch(/^threw TypeError/);
    expect(await faultOf(() => Promise.reject("text"))).toBe("threw text");
  });

  test("a message without bound", async () => {
    const talk = () => {
      throw new LstmkitError("BAD_CSV", "x".repeat(5000));
    };
    expect(await faultOf(talk)).toBe("BAD_CSV with a message of 5009 characters");
  });

  test("work that takes too long each time, not one that once did", async () => {
    const busy = (ms: number) => {
      for (const end = performance.now() + ms; performance.now() < end; );
    };
    let runs = 0;
    expect(await faultOf(() => busy(runs++ === 0 ? 60 : 0))).toBeNull();
    expect(await faultOf(() => busy(60))).toMatch(/^took \d+ ms for 9 bytes$/);
  });

  test("the same files for the same seed, and all kinds of them", () => {
    const files = (seed: number) => {
      const random = randomOf(seed);
      return Array.from({ length: 50 }, () => mutated(TARGETS[0]!.seeds, random));
    };
    expect(files(1)).toEqual(files(1));
    expect(files(1)).not.toEqual(files(2));
    expect(new Set(files(1).map(({ length }) => length)).size).toBeGreaterThan(20);
  });
});
