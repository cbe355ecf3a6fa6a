/** What docs/architecture.md says of the folders: what is below what, and that nothing goes in a circle. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

const textOf = (file: string) => readFileSync(join(SRC, file), "utf8");

/** The files of src that each imports, for types or for values. */
const IMPORTS: ReadonlyMap<string, readonly string[]> = new Map(
  FILES.map((file) => {
    const found = textOf(file).matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g);
    return [file, [...found].map(([, to]) => relative(SRC, join(SRC, dirname(file), to!)))];
  }),
);

/** A folder of src, or a file that stands in no folder. */
const placeOf = (file: string) => file.split("/")[0]!;

/** From the ground up. A place may import what is below it, and its own files; each place is in one of them. */
const LAYERS: readonly (readonly string[])[] = [
  [
    "errors.ts",
    "tensor.ts",
    "options.ts",
    "json.ts",
    "clock.ts",
    "bytes.ts",
    "crc32.ts",
    "host-types.ts",
    "wasm.d.ts",
  ],
  ["wasm"],
  ["layers"],
  ["losses", "metrics", "optimizers"],
  ["model"],
  ["formats"],
  ["train"],
  ["runtime.ts", "callbacks"],
  [
    "worker",
    "mpi",
    "packaged.ts",
    "model-file-node.ts",
    "folder-checkpoints-node.ts",
    "browser-checkpoints.ts",
  ],
  ["index.ts", "node.ts", "web.ts", "workerd.ts", "inline.ts"],
  ["tasks"],
  ["cli"],
];

/** What stands beside them: above the ground, and below those that are named here. */
const BESIDE: Readonly<
  Record<string, { readonly imports: readonly string[]; readonly usedBy: readonly string[] }>
> = {
  data: { imports: ["layers"], usedBy: ["index.ts", "node.ts", "picture", "tasks", "cli"] },
  disk: { imports: ["wasm"], usedBy: ["cli"] },
  picture: { imports: ["layers", "model", "train", "data"], usedBy: ["cli"] },
};

/** Imports against these rules that are there today, and what for. The list may only become shorter. */
const TODAY: Readonly<Record<string, string>> = {};

/** Files that import each other today, and what for. The list may only become shorter. */
const CIRCLES_TODAY: Readonly<Record<string, string>> = {};

/** Long files that do not say why, today. The list may only become shorter. */
const LONG_TODAY: Readonly<Record<string, string>> = {};

const GROUND = LAYERS[0]!;
const levelOf = (place: string) => LAYERS.findIndex((level) => level.includes(place));

/** Files in Node alone, and so allowed to use its disk. */
const isOfNode = (file: string) => /-node\.ts$/.test(file) || file === "node.ts";

function mayImport(file: string, other: string): boolean {
  const [from, to] = [placeOf(file), placeOf(other)];
  if (from === to || GROUND.includes(to)) return levelOf(from) !== 0 || levelOf(to) === 0;
  if (to === "disk" && isOfNode(file)) return true;
  const beside = BESIDE[to];
  if (beside) return beside.usedBy.includes(from);
  if (BESIDE[from]) return BESIDE[from].imports.includes(to);
  const [below, above] = [levelOf(to), levelOf(from)];
  // Of a level each by itself; entries are made of each other.
  return below < above || (below === above && from.endsWith(".ts") && to.endsWith(".ts"));
}

/** Groups of files each of which leads to all others of its group, by Tarjan's algorithm (1972). */
function circles(): string[] {
  const found: string[] = [];
  const number = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    number.set(file, number.size);
    lowest.set(file, number.get(file)!);
    stack.push(file);
    for (const next of IMPORTS.get(file) ?? []) {
      if (!number.has(next)) lowest.set(file, Math.min(lowest.get(file)!, visit(next)));
      else if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, number.get(next)!));
    }
    if (lowest.get(file) === number.get(file)) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1 || IMPORTS.get(file)!.includes(file)) found.push(group.sort().join(", "));
    }
    return lowest.get(file)!;
  };
  for (const file of FILES) if (!number.has(file)) visit(file);
  return found.sort();
}

test("imports are found: those that lead out of src or to no file would hide an arrow", () => {
  const all = [...IMPORTS.values()].flat();
  expect(all.length).toBeGreaterThan(300);
  expect(all.filter((file) => !FILES.includes(file))).toEqual([]);
});

test("every place of src is in one level, or beside them", () => {
  const places = [...new Set(FILES.map(placeOf))];
  const named = [...LAYERS.flat(), ...Object.keys(BESIDE)];
  expect(places.filter((place) => named.filter((name) => name === place).length !== 1)).toEqual([]);
});

test("tasks are built on what the package exports", () => {
  const allowed = (file: string) =>
    /^(tasks\/|data\/)/.test(file) || file === "index.ts" || GROUND.includes(file);
  const others = [...IMPORTS].flatMap(([file, to]) =>
    placeOf(file) === "tasks"
      ? to.filter((other) => !allowed(other)).map((other) => `${file} → ${other}`)
      : [],
  );
  expect(others).toEqual([]);
});

test("the page is built of nothing that is the command line's or needs a disk", () => {
  const web = fileURLToPath(new URL("../web/src", import.meta.url));
  const files = readdirSync(web, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const next of IMPORTS.get(file) ?? []) visit(next);
  };
  for (const file of files) {
    for (const [, to] of readFileSync(join(web, file), "utf8").matchAll(
      / from "(\.[^"]+\/src\/[^"]+\.ts)"/g,
    )) {
      visit(relative(SRC, join(web, dirname(file), to!)));
    }
  }
  expect(reached.size).toBeGreaterThan(50);
  expect([...reached].filter((file) => /^(cli|disk)\//.test(file) || isOfNode(file))).toEqual([]);
});

test("no files import each other in a circle", () => {
  expect(circles()).toEqual(Object.keys(CIRCLES_TODAY));
});

test("arrows go down alone", () => {
  const against = [...IMPORTS].flatMap(([file, others]) =>
    others.filter((other) => !mayImport(file, other)).map((other) => `${file} → ${other}`),
  );
  expect(against.sort()).toEqual(Object.keys(TODAY).sort());
});

test("a file of more than 400 lines says why in its header", () => {
  const long = FILES.filter((file) => textOf(file).trimEnd().split("\n").length > 400);
  const silent = long.filter((file) => {
    const [header = ""] = /^\/\*\*.*?\*\//s.exec(textOf(file)) ?? [];
    return !/\blines\b/.test(header);
  });
  expect(silent).toEqual(Object.keys(LONG_TODAY));
});
