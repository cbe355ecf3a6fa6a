/** Who takes part: this package in its variants, and the peers. */
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
  readonly path: string;
}

export interface Contender {
  readonly kind: "lstmkit" | Peer;
  /** What tells it from others of its kind: a build, a form. */
  readonly form: string;
  readonly threads: number;
  /** The engine, where it is JavaScript. */
  readonly engine?: Engine;
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

/** The Node that runs this, and Node 24 beside it where bench/ has it. */
export async function findEngines(): Promise<{ engines: Engine[]; missing: Missing[] }> {
  const engines: Engine[] = [{ name: `node ${process.versions.node}`, path: process.execPath }];
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= 24) {
    const why = "the bench runs under a later Node; run it under Node 20 to have both";
    return { engines, missing: [{ peer: "node 20", why }] };
  }
  const folder = here("node_modules");
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const name of names.filter((entry) => entry.startsWith("node-"))) {
    const path = `${folder}/${name}/bin/node`;
    const version = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (version.status === 0) engines.push({ name: `node ${version.stdout.trim().slice(1)}`, path });
  }
  const why = `not in bench/node_modules; install it with: ${INSTALL}`;
  return { engines, missing: engines.length > 1 ? [] : [{ peer: "node 24", why }] };
}

export function contendersOn(engines: readonly Engine[], python: string): Contender[] {
  const newest = engines.at(-1)!;
  const ours = engines.flatMap((engine) =>
    (["strict", "relaxed"] as const)
      .filter((math) => math === "strict" || hasRelaxedSimd(engine))
      .flatMap((math) => [1, 2].map((threads) => lstmkit(engine, math, threads))),
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
  return [...ours, ...javascript, ...native];
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
function hasRelaxedSimd(engine: Engine): boolean {
  return Number(/\d+/.exec(engine.name)?.[0]) >= 22;
}

function lstmkit(engine: Engine, math: "strict" | "relaxed", threads: number): Contender {
  const args = ["--import", "tsx", here("peers/lstmkit.ts"), math, String(threads)];
  return { kind: "lstmkit", form: math, threads, engine, command: engine.path, args, skips: () => null };
}

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

/** Without its threads: `lstmkit strict, node 24.1.0`. `name` is as it calls itself. */
export function titleOf({ kind, form, engine }: Contender, name: string): string {
  const what = kind === "lstmkit" ? `lstmkit ${form}` : name;
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
