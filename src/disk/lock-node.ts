/**
 * A folder for one run alone: a file `lock` in it says which process has it. One of a process that is gone, killed or gone
 * with its machine's last boot, is taken over. Of another machine nothing can be known: there the file counts.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, open, readFile, rename, rm, rmdir } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { LstmkitError } from "../errors.ts";
import { makeFolder } from "./folder-node.ts";
import { processOf, thisWriter, type Writer } from "./temporary-node.ts";

/** What the file says. */
interface Holder extends Writer {
  /** Of this lock alone. */
  readonly id: string;
  /** The machine's name, for people, and its boot, whatever namespace of pids. */
  readonly machine: string;
  readonly machineBoot: string;
  /** ISO 8601. */
  readonly since: string;
}

const NAME = "lock";
/** Milliseconds that a lock may be without its text: it is written at once after it was made. */
const UNWRITTEN = 500;
const ATTEMPTS = 20;
/** Locks of this process that were given back where nothing may be written any more. */
const releasedInVain = new Set<string>();

/**
 * Have the folder, which is made where it is not there.
 *
 * @returns what gives it back
 * @throws BUSY where another run has it, FILE_UNWRITABLE
 */
export async function lockFolder(path: string): Promise<() => Promise<void>> {
  const file = join(path, NAME);
  const own = thisHolder();
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await makeFolder(path);
      if (await make(file, own)) return () => release(file, own);
      const holder = await holderOf(file);
      if (holder === "none") continue;
      const isHeld = holder !== "unwritten" && !releasedInVain.has(holder.id) && mayLive(holder, own);
      if (isHeld) throw busy(path, holder, own);
      await takeAway(file, holder);
    }
  } catch (cause) {
    if (cause instanceof LstmkitError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new LstmkitError(
      "FILE_UNWRITABLE",
      `the folder ${path} cannot be made or written to (${code}); wanted one that this user may write to.`,
      { cause },
    );
  }
  throw new LstmkitError(
    "BUSY",
    `several runs want the checkpoints in ${path} at the same time. Begin them one by one, or give each a folder of its own.`,
  );
}

function thisHolder(): Holder {
  let [machine, machineBoot] = ["", "0"];
  try {
    machine = hostname();
    machineBoot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {} // elsewhere than on Linux; in Deno without the permission
  const [id, since] = [randomBytes(8).toString("hex"), new Date().toISOString()];
  return { ...thisWriter(), id, machine, machineBoot, since };
}

/** @returns false where there is one already */
async function make(file: string, own: Holder): Promise<boolean> {
  try {
    const made = await open(file, "wx");
    try {
      await made.writeFile(`${JSON.stringify(own)}\n`);
    } finally {
      await made.close();
    }
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || code === "ENOENT") return false; // the folder went with the last one who had it
    throw error;
  }
}

async function holderOf(file: string): Promise<Holder | "none" | "unwritten"> {
  for (let waited = 0; ; waited += 50) {
    try {
      const text = await readFile(file, "utf8");
      const holder = Object(JSON.parse(text)) as Holder;
      if (typeof holder.pid === "number" && typeof holder.id === "string") return holder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "none";
      if (!(error instanceof SyntaxError)) throw error;
    }
    if (waited >= UNWRITTEN) return "unwritten";
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether its process may be at work. */
function mayLive(holder: Holder, own: Holder): boolean {
  if (holder.host !== own.host || own.host === "0") return true;
  if (holder.machineBoot !== own.machineBoot) return false;
  if (holder.boot !== own.boot) return true; // a pid of another container
  const found = processOf(holder.pid);
  if (found) return found.start === holder.start && found.state !== "Z";
  if (own.boot !== "0") return false; // Linux knows all of its processes
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** The lock of one that is gone: put aside, looked at once more, and put back where it has become another's meanwhile. */
async function takeAway(file: string, gone: Holder | "unwritten"): Promise<void> {
  const aside = `${file}-${randomBytes(8).toString("hex")}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return; // another one was sooner
    throw error;
  }
  const found = await holderOf(aside);
  const isIt = gone === "unwritten" ? found === gone : typeof found === "object" && found.id === gone.id;
  if (!isIt) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

async function release(file: string, own: Holder): Promise<void> {
  const found = await holderOf(file).catch(() => "none" as const);
  if (typeof found !== "object" || found.id !== own.id) return;
  await rm(file, { force: true }).catch(() => releasedInVain.add(own.id));
  await rmdir(dirname(file)).catch(() => {}); // of a run that kept nothing
}

function busy(path: string, { pid, machine, since, host }: Holder, own: Holder): LstmkitError {
  const where = host === own.host ? "on this machine" : `on the machine ${machine || "of another name"}`;
  return new LstmkitError(
    "BUSY",
    `another run keeps its checkpoints in ${path}: process ${pid} ${where}, since ${since}. Wait for it or end it, or give ` +
      `another folder; if there is no such run any more, remove ${join(path, NAME)}.`,
  );
}
