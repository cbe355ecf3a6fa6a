/** Every runtime that the job is tried on, and how it is done there. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type BrowserName, POLICY, visit } from "./pages.ts";
import { BUN, DENO, NODE_22, NODE_24, NODE_26, NODE_ARM64, WORKERD } from "./tools.ts";
import { runInWorkerd } from "./workerd.ts";

const run = promisify(execFile);

/** What hosts/job.js returns. */
export interface JobResult {
  /** SHA-256 of the weights before and after training. */
  readonly initial: string;
  readonly trained: string;
  /** The same of a run that was killed twice and went on from its host's store of checkpoints. */
  readonly resumed: string;
  /** SHA-256 of the weights of the second job, of GRUs. */
  readonly gru: string;
  /** The same of the third job, of two inputs and layers that the others lack, and its loss. */
  readonly kinds: { readonly trained: string; readonly loss: number };
  /** SHA-256 of a quantized model's weights, and a hash of what it predicts. */
  readonly int8: { readonly digest: string; readonly predictions: string };
  readonly loss: number;
  readonly threads: number;
  readonly threadsReason?: string;
  readonly vectors: 128 | 256;
  readonly vectorsReason?: string;
  readonly msPerStep: number;
}

export interface Row {
  readonly mode: "in thread" | "in worker";
  /** Threads to ask for; and to get. */
  readonly asked: number;
  readonly threads: number;
  /** To get. Default 128. */
  readonly vectors?: 256;
}

export interface Engine {
  readonly name: string;
  version(): Promise<string>;
  readonly rows: readonly Row[];
  /** @param site the folder that setup.ts made */
  run(row: Row, site: string): Promise<JobResult>;
}

const modeArgument = ({ mode }: Row) => (mode === "in worker" ? "worker" : "thread");

const firstNumber = (text: string) => /\d+(\.\d+)+/.exec(text)?.[0] ?? text.trim();

const IN_PROCESS: readonly Row[] = [
  { mode: "in thread", asked: 1, threads: 1 },
  { mode: "in thread", asked: 2, threads: 2 },
  { mode: "in worker", asked: 1, threads: 1 },
  { mode: "in worker", asked: 2, threads: 2 },
];

const WIDE = IN_PROCESS.map((row) => ({ ...row, vectors: 256 }) as const);

/** V8's pass for 256 bits: its flag, for a program that is started with it. */
const PASS = "--experimental-wasm-revectorize";

/**
 * A runtime that runs hosts/process.js and can share memory.
 *
 * @param vectors to ask for
 */
function processEngine(
  name: string,
  [command, ...args]: readonly [string, ...string[]],
  rows: readonly Row[] = IN_PROCESS,
  vectors: "128" | "256" | "auto" = "auto",
): Engine {
  const call = async (...more: string[]) => (await run(command, [...args, ...more])).stdout;
  return {
    name,
    version: async () => firstNumber(await call("--version")),
    rows,
    async run(row, site) {
      const { stdout } = await run(
        command,
        [...args, ...(RUN_FLAGS[name] ?? []), "process.js", modeArgument(row), String(row.asked), vectors],
        { cwd: site, env: { ...process.env, NODE_OPTIONS: "" } },
      );
      return JSON.parse(stdout) as JobResult;
    },
  };
}

const DENO_RUN = ["run", "-A", "--no-prompt"];

const RUN_FLAGS: Record<string, readonly string[]> = {
  deno: DENO_RUN,
  "deno-pass": [...DENO_RUN, `--v8-flags=${PASS}`],
};

/**
 * A browser, shown pages under the documented policy. Without isolation a page gets one thread and is told
 * why.
 */
function browserEngine(
  browser: BrowserName,
  [command, ...args]: readonly [string, ...string[]],
  { name = browser, flags = [] }: { name?: string; flags?: readonly string[] } = {},
): Engine {
  const rows: readonly Row[] = [
    { mode: "in thread", asked: 2, threads: 1 },
    { mode: "in worker", asked: 2, threads: 1 },
    { mode: "in worker", asked: 2, threads: 2 },
  ];
  return {
    name,
    version: async () => firstNumber((await run(command, args)).stdout),
    rows,
    async run(row, site) {
      const page = `page.html?mode=${modeArgument(row)}&threads=${row.asked}`;
      return (await visit(browser, {
        folder: site,
        page,
        flags,
        policy: POLICY,
        isolated: row.threads > 1,
      })) as JobResult;
    },
  };
}

export const ENGINES: readonly Engine[] = [
  processEngine("node", [process.execPath]),
  processEngine("node-22", [NODE_22]),
  processEngine("node-24", [NODE_24]),
  processEngine("node-24-wide", [NODE_24], WIDE, "256"),
  processEngine("node-26", [NODE_26]),
  processEngine("node-26-wide", [NODE_26], WIDE, "256"),
  // Emulated, and so slow that two rows must do.
  processEngine(
    "node-arm64",
    ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu", NODE_ARM64],
    [IN_PROCESS[0]!, IN_PROCESS[3]!],
  ),
  processEngine("deno", [DENO]),
  // With the pass on Deno merges nothing: each access to memory has a check of its bounds in between.
  processEngine("deno-pass", [DENO]),
  processEngine("bun", [BUN]),
  {
    name: "workerd",
    version: async () => (await run(WORKERD, ["--version"])).stdout.replace("workerd ", "").trim(),
    rows: [{ mode: "in thread", asked: 2, threads: 1 }],
    run: (_, site) => runInWorkerd(site),
  },
  browserEngine("chromium", ["chromium", "--version"]),
  // Debian's is built without the pass, and does not know the flag.
  browserEngine("chromium", ["chromium", "--version"], {
    name: "chromium-pass",
    flags: [`--js-flags=${PASS}`],
  }),
  browserEngine("firefox", ["firefox-esr", "--version"]),
  browserEngine("webkit", ["dpkg-query", "--show", "webkit2gtk-driver"]),
];
