/** Every runtime that the job is tried on, and how it is done there. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type BrowserName, POLICY, visit } from "./pages.ts";
import { BUN, DENO, NODE_22, NODE_24, NODE_ARM64, WORKERD } from "./tools.ts";
import { runInWorkerd } from "./workerd.ts";

const run = promisify(execFile);

/** What hosts/job.js returns. */
export interface JobResult {
  /** SHA-256 of the weights before and after training. */
  readonly initial: string;
  readonly trained: string;
  /** SHA-256 of the weights of the second job, of GRUs. */
  readonly gru: string;
  /** The same of the third job, of two inputs and layers that the others lack, and its loss. */
  readonly kinds: { readonly trained: string; readonly loss: number };
  /** SHA-256 of a quantized model's weights, and a hash of what it predicts. */
  readonly int8: { readonly digest: string; readonly predictions: string };
  readonly loss: number;
  readonly threads: number;
  readonly threadsReason?: string;
  readonly msPerStep: number;
}

export interface Row {
  readonly mode: "in thread" | "in worker";
  /** Threads to ask for; and to get. */
  readonly asked: number;
  readonly threads: number;
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

/** A runtime that runs hosts/process.js and can share memory. */
function processEngine(
  name: string,
  [command, ...args]: readonly [string, ...string[]],
  rows = IN_PROCESS,
): Engine {
  const call = async (...more: string[]) => (await run(command, [...args, ...more])).stdout;
  return {
    name,
    version: async () => firstNumber(await call("--version")),
    rows,
    async run(row, site) {
      const { stdout } = await run(
        command,
        [...args, ...(RUN_FLAGS[name] ?? []), "process.js", modeArgument(row), String(row.asked)],
        { cwd: site, env: { ...process.env, NODE_OPTIONS: "" } },
      );
      return JSON.parse(stdout) as JobResult;
    },
  };
}

const RUN_FLAGS: Record<string, readonly string[]> = { deno: ["run", "-A", "--no-prompt"] };

/**
 * A browser, shown pages under the documented policy. Without isolation a page gets one thread and is told
 * why.
 */
function browserEngine(name: BrowserName, [command, ...args]: readonly [string, ...string[]]): Engine {
  return {
    name,
    version: async () => firstNumber((await run(command, args)).stdout),
    rows: [
      { mode: "in thread", asked: 2, threads: 1 },
      { mode: "in worker", asked: 2, threads: 1 },
      { mode: "in worker", asked: 2, threads: 2 },
    ],
    async run(row, site) {
      const page = `page.html?mode=${modeArgument(row)}&threads=${row.asked}`;
      return (await visit(name, {
        folder: site,
        page,
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
  // Emulated, and so slow that two rows must do.
  processEngine(
    "node-arm64",
    ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu", NODE_ARM64],
    [IN_PROCESS[0]!, IN_PROCESS[3]!],
  ),
  processEngine("deno", [DENO]),
  processEngine("bun", [BUN]),
  {
    name: "workerd",
    version: async () => (await run(WORKERD, ["--version"])).stdout.replace("workerd ", "").trim(),
    rows: [{ mode: "in thread", asked: 2, threads: 1 }],
    run: (_, site) => runInWorkerd(site),
  },
  browserEngine("chromium", ["chromium", "--version"]),
  browserEngine("firefox", ["firefox-esr", "--version"]),
  browserEngine("webkit", ["dpkg-query", "--show", "webkit2gtk-driver"]),
];
