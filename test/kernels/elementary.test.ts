/** sin, cos, log and exp in f64: within 1 ulp of Math's, which are within 1 of the true ones, and the same bits in all builds. */
import { afterAll, describe, expect, test } from "vitest";
import { createRuntime, type ElementwiseName, type Runtime } from "../../src/node.ts";
import { type Build, CLOSE_BUILDS, kernelBytes } from "../builds.ts";
import { spawn } from "../worker/spawned.ts";

const kits = new Map<Build, Runtime>();
for (const build of CLOSE_BUILDS) {
  kits.set(build, await createRuntime({ kernels: kernelBytes(build) }));
}
afterAll(() => Promise.all([...kits.values()].map((kit) => kit.close())));

const bits = new DataView(new ArrayBuffer(8));
function ulp(value: number): number {
  bits.setFloat64(0, Math.abs(value));
  const exponent = Math.max(1, bits.getUint32(0) >>> 20);
  return 2 ** (exponent - 1075);
}

let state = 1;
const share = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
const spread = (n: number, make: () => number) => Float64Array.from({ length: n }, make);
const signed = () => (share() < 0.5 ? -1 : 1);

const ANGLES = spread(200_000, () => signed() * 2 ** (share() * 50 - 30)).map((x) => x % 2 ** 20);
const QUARTERS = spread(20_000, () => signed() * Math.floor(share() * 600_000) * (Math.PI / 2));

describe.each<{ name: ElementwiseName; of: (x: number) => number; on: Float64Array }>([
  { name: "sin", of: Math.sin, on: ANGLES },
  { name: "cos", of: Math.cos, on: ANGLES },
  { name: "sin", of: Math.sin, on: QUARTERS },
  { name: "cos", of: Math.cos, on: QUARTERS },
  { name: "log", of: Math.log, on: spread(200_000, () => 2 ** (share() * 2090 - 1070)) },
  { name: "log", of: Math.log, on: spread(100_000, () => 1 + signed() * 2 ** (-share() * 52)) },
  { name: "exp", of: Math.exp, on: spread(200_000, () => share() * 1460 - 748) },
  { name: "exp", of: Math.exp, on: spread(100_000, () => signed() * 2 ** (-share() * 60)) },
])("$name", ({ name, of, on }) => {
  test("within 1 ulp, in every build to the bit", async () => {
    const found = await kits.get("release")!.elementwise(name, on);
    let worst = 0;
    let at = 0;
    for (const [i, value] of found.entries()) {
      const wanted = of(on[i]!);
      const error = wanted === value ? 0 : Math.abs(value - wanted) / ulp(wanted);
      if (!(error <= worst)) [worst, at] = [error, on[i]!];
    }
    expect(worst, `${name}(${at})`).toBeLessThanOrEqual(1);
    for (const [build, kit] of kits) expect(await kit.elementwise(name, on), build).toEqual(found);
  });
});

test("values with names", async () => {
  const kit = kits.get("release")!;
  const of = async (name: ElementwiseName, ...x: number[]) => [...(await kit.elementwise(name, x))];
  expect(await of("sin", 0, -0, Math.PI / 6, 2 ** 20 + 1, Infinity, NaN)).toEqual([
    0,
    -0,
    0.49999999999999994,
    NaN,
    NaN,
    NaN,
  ]);
  expect(await of("cos", 0, -0, Math.PI / 3, -(2 ** 21), -Infinity)).toEqual([
    1,
    1,
    0.5000000000000001,
    NaN,
    NaN,
  ]);
  expect(await of("log", 1, 0, -0, -1, Infinity, NaN, 5e-324)).toEqual([
    0,
    -Infinity,
    -Infinity,
    NaN,
    Infinity,
    NaN,
    Math.log(5e-324),
  ]);
  expect(await of("exp", 0, -0, Math.LN2, 710, -746, Infinity, -Infinity, NaN, -745.1)).toEqual([
    1,
    1,
    2,
    Infinity,
    0,
    Infinity,
    0,
    NaN,
    5e-324,
  ]);
  expect(await of("exp")).toEqual([]);
});

test("more numbers than are in memory at a time, in a worker too; memory is given back", async () => {
  const many = Float64Array.from({ length: 300_001 }, (_, i) => i / 100);
  const kit = kits.get("release")!;
  const before = (await kit.info()).memoryInUse;
  const found = await kit.elementwise("sin", many);
  expect((await kit.info()).memoryInUse).toBe(before);
  expect(found[300_000]).toBeCloseTo(Math.sin(3000), 12);
  const other = await spawn();
  expect(await other.elementwise("sin", many)).toEqual(found);
  expect(many.length).toBe(300_001); // it was copied
  expect([...(await other.elementwise("exp", [0, Math.LN2]))]).toEqual([1, 2]);
});

test("what it cannot take is refused", async () => {
  const kit = await createRuntime();
  await expect(kit.elementwise("tan" as never, [1])).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  await expect(kit.elementwise("toString" as never, [1])).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  await expect(kit.elementwise("sin", 5 as never)).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  await expect(kit.elementwise("sin", ["1"] as never)).rejects.toMatchObject({ code: "BAD_VALUE" });
  await kit.close();
  await expect(kit.elementwise("sin", [1])).rejects.toMatchObject({ code: "DISPOSED" });
});
