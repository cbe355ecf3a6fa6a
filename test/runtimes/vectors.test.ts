import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, inject, test } from "vitest";
import { BUN, NODE_22, NODE_24, NODE_26 } from "./tools.ts";
import { leftOut } from "./without.ts";

const run = promisify(execFile);

/** What hosts/vectors.js says of a runtime. */
interface Told {
  readonly threads: number;
  /** The width before there were models, and after. */
  readonly opened: 128 | 256;
  readonly vectors: 128 | 256;
  readonly vectorsReason?: string;
  readonly digests: readonly string[];
}

async function told(command: readonly string[], ...args: string[]): Promise<readonly [Told, Told]> {
  const [program, ...flags] = command;
  const { stdout } = await run(program!, [...flags, "vectors.js", ...args], { cwd: inject("site") });
  return JSON.parse(stdout) as [Told, Told];
}

const PASS = "--experimental-wasm-revectorize";
const { digests } = (await told([process.execPath], "128", "thread"))[0];

describe.each([
  { name: "node-24", node: NODE_24 },
  { name: "node-26", node: NODE_26 },
])("$name", ({ node }) => {
  const modes = ["thread", "worker"];

  test.each(modes)("256 bits are had where they are asked for, in a %s", async (mode) => {
    const all = await told([node], "256", mode);
    for (const one of all) expect(one).toEqual({ threads: 2, opened: 256, vectors: 256, digests });
  });

  test.each(modes)(
    "auto is 256 where Node was started with the flag, and 128 elsewhere, in a %s",
    async (mode) => {
      const [on] = await told([node, PASS], "auto", mode);
      expect(on).toEqual({ threads: 2, opened: 256, vectors: 256, digests });
      const [off] = await told([node], "auto", mode);
      expect(off).toMatchObject({
        vectors: 128,
        vectorsReason: expect.stringContaining("vectors: 256"),
        digests,
      });
    },
  );

  test("what is tried is the code of V8's optimising compiler, and what it is held against is not", async () => {
    const flags = ["--allow-natives-syntax", "optimised.js"];
    const { stdout } = await run(node, flags, { cwd: inject("site") });
    const { plain, wide } = JSON.parse(stdout) as Record<"plain" | "wide", string[]>;
    expect(plain).toEqual([]);
    expect(wide).toEqual(
      expect.arrayContaining([
        ...["product", "packRows", "packColumns", "packPanels", "packPanelsTransposed", "sumPanels"],
        ...["adam", "nadam", "adagrad", "rmsprop", "lion", "sgd"],
        ...["gruForward", "gruBackward", "gruBeforeForward", "gruBeforeBackward"],
      ]),
    );
    expect(wide).not.toContain("lstmForward");
  });

  test("a wrong kernel that every model needs is found before", async () => {
    for (const one of await told([node], "256", "thread", "adam")) {
      expect(one).toMatchObject({ threads: 2, opened: 128, vectors: 128, digests });
      expect(one.vectorsReason).toMatch(/wrong code of optimisers/);
    }
  });

  test("a wrong kernel of a cell is found before the first model of it, and others go on", async () => {
    const [first, second] = await told([node], "256", "thread", "gruForward");
    expect(first).toMatchObject({ threads: 2, opened: 256, vectors: 128, digests });
    expect(first.vectorsReason).toMatch(/wrong code of gru/);
    expect(second).toMatchObject({ opened: 128, vectors: 128, digests, vectorsReason: first.vectorsReason });
  });
});

test.each(
  [
    { name: "node", command: [process.execPath], reason: /this is Node 20/ },
    { name: "node-22", command: [NODE_22], reason: /this is Node 22/ },
    { name: "bun", command: [BUN], reason: /another/ },
  ].filter(({ name }) => !leftOut(name)),
)("$name has 128 bits, says why, and computes the same", async ({ command, reason }) => {
  for (const one of await told(command, "256", "worker")) {
    expect(one).toMatchObject({
      threads: 2,
      vectors: 128,
      vectorsReason: expect.stringMatching(reason),
      digests,
    });
  }
});

describe.each([
  { name: "node-24", node: NODE_24 },
  { name: "node-26", node: NODE_26 },
])("where flags are not seen, in the web's entry point in $name", ({ node }) => {
  const width = async (...flags: string[]) => {
    const { stdout } = await run(node, [...flags, "measured.js"], { cwd: inject("site") });
    return JSON.parse(stdout) as { vectors: number; vectorsReason?: string; ms: number };
  };

  // Tried again, since what is measured on a machine that is busy may say no.
  test("the pass is found by measuring", { retry: 3 }, async () => {
    expect(await width(PASS)).toMatchObject({ vectors: 256 });
  });

  test("128 bits where it is off, or can merge nothing because accesses to memory are checked one by one", async () => {
    for (const flags of [[], [PASS, "--wasm-enforce-bounds-checks"]]) {
      const { vectors, vectorsReason, ms } = await width(...flags);
      expect([vectors, vectorsReason]).toEqual([128, expect.stringContaining(PASS)]);
      expect(ms).toBeLessThan(2000);
    }
  });
});
