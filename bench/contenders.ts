/** Who takes part: this package in its variants, another build of it, and the peers. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Case } from "./cases.ts";

export const PEERS = ["tfjs", "ort-web", "ort-node", "keras", "torch"] as const;
export type Peer = (typeof PEERS)[number];

/** A JavaScript engine to run under. */
export interface Engine {
  /** `node 24.1.0` */
  readonly name: string;
  readonly major: number;
  readonly path: string;
}

/** How this package computes: `int8` is a quantised model in strict math, for inference alone. */
export const MATHS = ["strict", "relaxed", "int8"] as const;
export type MathName = (typeof MATHS)[number];

/** A variant of this package. */
export interface Variant {
  readonly math: MathName;
  /** Bits of the vectors. */
  readonly vectors: 128 | 256;
  /** The checkout that it is built in. */
  readonly folder: string;
}

export interface Contender {
  /** `beside` is another build of this package. */
  readonly kind: "lstmkit" | "beside" | Peer;
  /** What tells it from others of its kind: a variant, a form. */
  readonly form: string;
  readonly threads: number;
  /** The engine, where it is JavaScript. */
  readonly engine?: Engine;
  /** Of this package, whichever build. */
  readonly variant?: Variant;
  readonly command: string;
  readonly args: readonly string[];
  /** Why it does not run a case, or null where it does. */
  skips(work: Case): string | null;
}

/** Something that should take part and cannot. */
export interface Missing {
  readonly peer: string;
  readonly why: string;
}

export const INSTALL = "npm ci --prefix bench --ignore-scripts";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** V8's flag for 256-bit vectors, from the version on in which it does something. */
export const WIDE_FLAG = "--experimental-wasm-revectorize";
const FIRST_WIDE = 24;

/** The Node that runs this, and those beside it that bench/ has, the oldest first. */
export async function findEngines(): Promise<{ engines: Engine[]; missing: Missing[] }> {
  const folder = here("node_modules");
  const names = existsSync(folder) ? await readdir(folder) : [];
  const paths = names
    .filter((entry) => entry.startsWith("node-"))
    .map((name) => `${folder}/${name}/bin/node`);
  const engines = [engineOf(process.versions.node, process.execPath)];
  for (const path of paths) {
    const version = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (version.status !== 0) continue;
    const engine = engineOf(version.stdout.trim().slice(1), path);
    if (engines.every(({ major }) => major !== engine.major)) engines.push(engine);
  }
  engines.sort((a, b) => a.major - b.major);
  const absent = [24, 26].filter((major) => engines.every((engine) => engine.major !== major));
  const missing = absent.map((major) => ({
    peer: `node ${major}`,
    why: `not in bench/node_modules; install it with: ${INSTALL}`,
  }));
  if (engines[0]!.major > 20) {
    missing.push({ peer: "node 20", why: "the bench runs under a later Node; run it under Node 20" });
  }
  return { engines, missing };
}

const engineOf = (version: string, path: string): Engine => ({
  name: `node ${version}`,
  major: Number.parseInt(version, 10),
  path,
});

/** What a build can do, of which the bench cannot know otherwise. */
export interface Abilities {
  readonly wide: boolean;
  readonly int8: boolean;
}

/** @param beside folder of another checkout with a build in it; null for none */
export function contendersOn(
  engines: readonly Engine[],
  python: string,
  { wide, int8 }: Abilities,
  beside: string | null,
): Contender[] {
  const newest = engines.at(-1)!;
  const folder = here("..");
  const variantsOn = (engine: Engine): Variant[] =>
    MATHS.filter((math) => (math === "int8" ? int8 : math === "strict" || hasRelaxedSimd(engine))).flatMap(
      (math) => [
        { math, vectors: 128, folder } as const,
        ...(wide && engine.major >= FIRST_WIDE ? [{ math, vectors: 256, folder } as const] : []),
      ],
    );
  const ours = engines.flatMap((engine) =>
    variantsOn(engine).flatMap((variant) => [1, 2].map((threads) => lstmkit(engine, variant, threads))),
  );
  const others = engines.flatMap((engine) =>
    variantsOn(engine)
      .filter(({ math, vectors }) => beside !== null && math !== "int8" && vectors === 128)
      .flatMap((variant) =>
        [1, 2].map((threads) => lstmkit(engine, { ...variant, folder: beside! }, threads, "beside")),
      ),
  );
  const javascript = engines.flatMap((engine) => {
    const isNewest = engine === newest;
    const skips = ({ group }: Case) =>
      isNewest || !["width", "length"].includes(group) ? null : `width and length on ${newest.name} alone`;
    return [
      { ...script("tfjs", "", engine, 1), skips: both(skips, seedJobOnly) },
      { ...script("ort-web", "", engine, 1), skips: both(skips, infersOnly) },
      { ...script("ort-web", "", engine, 2), skips: both(skips, infersOnly) },
    ];
  });
  const native = [1, 2].flatMap((threads): Contender[] => [
    { ...script("ort-node", "", newest, threads), skips: infersOnly },
    pythonic("torch", "nn.LSTM", threads, python, "torch_peer.py", "lstm", () => null),
    pythonic("torch", "LSTMCell loop", threads, python, "torch_peer.py", "cells", seedJobOnly),
    pythonic("keras", "layers", threads, python, "keras_peer.py", "layers", () => null),
    pythonic("keras", "tutorial", threads, python, "keras_peer.py", "cells", seedJobOnly),
  ]);
  return [...ours, ...others, ...javascript, ...native];
}

type Skips = Contender["skips"];
const both =
  (a: Skips, b: Skips): Skips =>
  (work) =>
    a(work) ?? b(work);
const infersOnly: Skips = ({ task }) => (task === "train" ? "inference alone: it cannot train" : null);
/** Unrolled graphs of long sequences take minutes to trace, and nobody writes them so; tfjs takes minutes a step. */
const seedJobOnly: Skips = ({ group }) =>
  ["width", "length"].includes(group) ? "the seed job's shape alone" : null;

/** Node 20 has relaxed SIMD behind a flag, which is not what a user runs. */
const hasRelaxedSimd = ({ major }: Engine) => major >= 22;

/** `strict`, `int8 wide` */
export const formOf = ({ math, vectors }: Pick<Variant, "math" | "vectors">) =>
  vectors === 256 ? `${math} wide` : math;

function lstmkit(
  engine: Engine,
  variant: Variant,
  threads: number,
  kind: "lstmkit" | "beside" = "lstmkit",
): Contender {
  const args = [...engineFlags(variant), "--import", "tsx", here("peers/lstmkit.ts")];
  return {
    kind,
    form: formOf(variant),
    threads,
    engine,
    variant,
    command: engine.path,
    args: [...args, ...variantArguments(variant, threads)],
    skips: variant.math === "int8" ? infersOnly : () => null,
  };
}

/** The engine's own flags of a variant. */
export const engineFlags = ({ vectors }: Variant): string[] => (vectors === 256 ? [WIDE_FLAG] : []);

/** What a script of this package is told: the build, how it computes, and with how many threads. */
export const variantArguments = ({ folder, math, vectors }: Variant, threads: number): string[] => [
  folder,
  math,
  String(vectors),
  String(threads),
];

function script(kind: Peer, form: string, engine: Engine, threads: number): Omit<Contender, "skips"> {
  const [file, ...rest] = kind === "tfjs" ? ["tfjs.ts"] : ["onnxruntime.ts", kind.slice(4)];
  const args = ["--import", "tsx", here(`peers/${file}`), ...rest, String(threads)];
  const contender = { kind, form, threads, command: engine.path, args };
  return kind === "ort-node" ? contender : { ...contender, engine };
}

function pythonic(
  kind: Peer,
  form: string,
  threads: number,
  command: string,
  file: string,
  argument: string,
  skips: Skips,
): Contender {
  return { kind, form, threads, command, args: [here(`peers/${file}`), argument, String(threads)], skips };
}

/** Without its threads: `lstmkit strict wide, node 24.1.0`. `name` is as it calls itself. */
export function titleOf({ kind, form, engine, variant }: Contender, name: string): string {
  const what = variant ? `${kind} ${form}` : name;
  return engine ? `${what}, ${engine.name}` : what;
}

/** Every library that a peer may start threads in is told how many. */
export function threadsEnvironment(threads: number): Record<string, string> {
  const names = [
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
  ];
  return Object.fromEntries(names.map((name) => [name, String(threads)]));
}
