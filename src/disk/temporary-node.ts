/**
 * Temporary files beside the file that is written, and which of them nobody writes any more: a process that is
 * killed leaves its own behind. The name says for which target it is and who writes it:
 *
 *     .lstmkit-<target>-<host>-<boot>-<pid>-<start>-<random>.tmp
 *
 * A pid means one process only on one machine, within one boot and one namespace of pids (a container's first
 * process has pid 1 in all of them), and together with the time it was started. Linux tells all of these;
 * elsewhere boot and start are 0. So is a host that may not be known, as in Deno without --allow-sys.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** Who writes a temporary file. */
export interface Writer {
  readonly host: string;
  readonly boot: string;
  readonly pid: number;
  /** In clock ticks since the boot, decimal. */
  readonly start: string;
}

const NAME = /^\.lstmkit-([\da-f]{16})-([\da-f]{16}|0)-([\da-f]{16}|0)-(\d+)-(\d+)-[\da-f]{8}\.tmp$/;
/** Nobody writes to a file for so long without its time of change moving on. */
const LONG_AGO = 24 * 60 * 60 * 1000;

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** This process. */
export function thisWriter(): Writer {
  const pid = process.pid;
  return { host: hostOf(), boot: bootOf(), pid, start: processOf(pid)?.start ?? "0" };
}

function hostOf(): string {
  try {
    return digest(hostname());
  } catch {
    return "0";
  }
}

function bootOf(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    return digest(boot + readlinkSync("/proc/self/ns/pid"));
  } catch {
    return "0";
  }
}

/** What Linux says of a process; undefined where there is none, or nothing is said. */
export function processOf(pid: number): { readonly state: string; readonly start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // proc(5): "pid (name) state …"; the name may hold anything, and start is field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, start: fields[19]! };
  } catch {
    return undefined;
  }
}

/** A path for a temporary file that is to become `target`, in its folder. */
export function temporaryPath(target: string, { host, boot, pid, start }: Writer = thisWriter()): string {
  const random = randomBytes(4).toString("hex");
  const name = [digest(basename(target)), host, boot, pid, start, random].join("-");
  return join(dirname(target), `.lstmkit-${name}.tmp`);
}

/**
 * Remove the temporary files for this target whose writer is gone for sure. Those of another host are left
 * alone, however old: a folder may be shared. What cannot be removed stays.
 */
export async function removeLeftOvers(target: string): Promise<void> {
  const folder = dirname(target);
  const own = digest(basename(target));
  const here = thisWriter();
  for (const name of await readdir(folder).catch(() => [])) {
    const [, of, host, boot, pid, start] = NAME.exec(name) ?? [];
    if (of !== own) continue;
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    const writer = { host: host!, boot: boot!, pid: Number(pid), start: start! };
    if (isGone(writer, here, Date.now() - found.mtimeMs)) await rm(path).catch(() => undefined);
  }
}

/** Whether nobody is behind it any more, for sure. @param idle ms since the file was last written to */
export function isGone(writer: Writer, here: Writer, idle: number): boolean {
  if (writer.host !== here.host || here.host === "0") return false;
  if (writer.boot !== here.boot || here.boot === "0") return idle > LONG_AGO; // that pid is nobody's here
  try {
    process.kill(writer.pid, 0);
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "ESRCH";
  }
  const found = processOf(writer.pid);
  return found !== undefined && (found.start !== writer.start || found.state === "Z");
}
