/** To start ranks, by the launchers of MPI that are on this machine; and networks of namespaces for them. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A launcher and the flags that it wants here. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly flags: readonly string[];
}

/** As root, and beside other tests: who waits lets others have the processor. */
const OURS = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_mpi_yield_when_idle: "1",
};

/** Those that are there: Debian has them side by side, by names of their own. */
export function findLaunchers(): Launcher[] {
  const found = new Map<Launcher["name"], Launcher>();
  for (const command of ["mpirun.openmpi", "mpirun.mpich", "mpirun"]) {
    const { stdout = "" } = spawnSync(command, ["--version"], { encoding: "utf8" });
    const name = /Open MPI/.test(stdout) ? "Open MPI" : /HYDRA/i.test(stdout) ? "MPICH" : null;
    if (!name || found.has(name)) continue;
    found.set(name, { name, command, flags: name === "Open MPI" ? ["--oversubscribe"] : [] });
  }
  return [...found.values()];
}

/** Whether this process may make network namespaces; why not, in words. */
export function whyNoNamespaces(): string | null {
  const name = `lstmkit-try-${process.pid}`;
  const { status, error, stderr } = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (status !== 0) return `ip netns: ${error?.message ?? stderr.trim()}`;
  spawnSync("ip", ["netns", "del", name]);
  return null;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds. */
  readonly took: number;
}

export interface Start {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all that was written to stdout, whenever it was more. */
  readonly onOutput?: (stdout: string) => void;
}

/** Run a command to its end. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, onOutput }: Start = {},
): Promise<Ended> {
  const began = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...OURS, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    stdout += piece;
    onOutput?.(stdout);
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, took: performance.now() - began }));
  });
}

/** @param words a command */
export const launch = (
  { command, flags }: Launcher,
  ranks: number,
  words: readonly string[],
  start?: Start,
) => run(command, ["-np", String(ranks), ...flags, ...words], start);

/** The lines of JSON among what ranks have written. */
export const linesOf = ({ stdout }: Ended): Record<string, unknown>[] =>
  stdout
    .split(/\r?\n/)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Machines of a kind: network namespaces with names and addresses of their own, on one bridge. */
export class Namespaces {
  readonly #folder = mkdtempSync(join(tmpdir(), "lstmkit-netns-"));
  readonly #names: readonly string[];
  /** 10.77.0.1, … */
  readonly addresses: readonly string[];

  constructor(count: number) {
    const place = (i: number) => `lstmkit-${process.pid}-${i}`;
    this.#names = Array.from({ length: count }, (_, i) => place(i + 1));
    this.addresses = this.#names.map((_, i) => `10.77.0.${i + 1}`);
    const ip = (...args: string[]) => {
      const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
    };
    try {
      for (const name of this.#names) {
        ip("netns", "add", name);
        ip("-n", name, "link", "set", "lo", "up");
      }
      const [first, ...others] = this.#names;
      ip("-n", first!, "link", "add", "br0", "type", "bridge");
      ip("-n", first!, "addr", "add", `${this.addresses[0]}/24`, "dev", "br0");
      ip("-n", first!, "link", "set", "br0", "up");
      for (const [i, name] of others.entries()) {
        ip("link", "add", `port${i}`, "netns", first!, "type", "veth", "peer", "name", "eth0", "netns", name);
        ip("-n", first!, "link", "set", `port${i}`, "master", "br0", "up");
        ip("-n", name, "addr", "add", `${this.addresses[i + 1]}/24`, "dev", "eth0");
        ip("-n", name, "link", "set", "eth0", "up");
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
    // What mpirun calls in the place of ssh: an address and a command.
    const agent = `#!/bin/sh\nname=lstmkit-${process.pid}-\${1##*.}; shift\nexec ip netns exec $name unshare --uts sh -c "hostname $name; $*"\n`;
    writeFileSync(join(this.#folder, "agent"), agent);
    chmodSync(join(this.#folder, "agent"), 0o755);
  }

  /** A rank in each, the ones behind the last again from the first on; by TCP alone. */
  launch({ command }: Launcher, ranks: number, own: readonly string[], start?: Start): Promise<Ended> {
    const slots = this.addresses.map(
      (address, i) => `${address}:${Math.ceil((ranks - i) / this.addresses.length)}`,
    );
    const net = `${this.addresses[0]}/24`;
    const flags = [
      ...["--host", slots.filter((slot) => !slot.endsWith(":0")).join(",")],
      ...["--mca", "plm_rsh_agent", join(this.#folder, "agent")],
      ...["--mca", "btl", "tcp,self", "--mca", "pml", "ob1"],
      ...["--mca", "btl_tcp_if_include", net, "--mca", "oob_tcp_if_include", net],
      ...["--oversubscribe", "-np", String(ranks)],
    ];
    const [first] = this.#names;
    const words = [command, ...flags, ...own].map((word) => `'${word}'`).join(" ");
    const inside = [
      "netns",
      "exec",
      first!,
      "unshare",
      "--uts",
      "sh",
      "-c",
      `hostname ${first}; exec ${words}`,
    ];
    return run("ip", inside, start);
  }

  dispose(): void {
    for (const name of this.#names) spawnSync("ip", ["netns", "del", name]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
