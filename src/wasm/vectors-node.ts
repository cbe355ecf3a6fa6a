/** V8's flags, as programs of Node set them: for the process, whatever thread does it. */
import type { VectorPass } from "./vectors.ts";

const FLAG = "experimental-wasm-revectorize";

/** Major versions of Node whose pass the tests run through. */
const TESTED = [24, 26];

/** What this thread knows of the process. There is no asking V8, so threads are told by those that start them. */
interface Known {
  on: boolean;
  reason?: string;
}

/** In one place, however many copies of this module there are. */
const KEY = Symbol.for("lstmkit.vectors");

/** Undefined where this is not Node: Deno's V8 has its flags before a program begins, Bun has another engine. */
export async function nodeVectorPass(): Promise<VectorPass | undefined> {
  if ("Deno" in globalThis || "Bun" in globalThis) return undefined;
  const host = globalThis as { [KEY]?: Known };
  host[KEY] ??= { on: isGiven(FLAG) ?? false };
  const known = host[KEY];
  const { setFlagsFromString } = await import("node:v8");
  return {
    get whyNot() {
      return known.reason ?? whyNotHere();
    },
    get on() {
      return known.on;
    },
    turnOn() {
      if (!known.on) setFlagsFromString(`--${FLAG}`);
      known.on = true;
    },
    giveUp(reason) {
      setFlagsFromString(`--no-${FLAG}`);
      known.on = false;
      known.reason = reason;
    },
    optimising(work) {
      const budget = givenValue("wasm-tiering-budget") ?? "13000000";
      const isSync = isGiven("wasm-sync-tier-up") ?? false;
      setFlagsFromString("--wasm-tiering-budget=1");
      setFlagsFromString("--wasm-sync-tier-up");
      try {
        return work();
      } finally {
        setFlagsFromString(`--wasm-tiering-budget=${budget}`);
        if (!isSync) setFlagsFromString("--no-wasm-sync-tier-up");
      }
    },
  };
}

function whyNotHere(): string | undefined {
  const { arch, versions } = process;
  if (arch !== "x64") return `V8's pass for 256 bits is for x64 processors, and this is ${arch}`;
  if (TESTED.includes(Number.parseInt(versions.node, 10))) return undefined;
  return `V8's pass for 256 bits is tested in Node ${TESTED.join(" and ")}, and this is Node ${versions.node}`;
}

/** Whether the process was started with a flag, the last of its kind; undefined where nothing is said. */
function isGiven(flag: string): boolean | undefined {
  const said = process.execArgv.map((argument) => argument.replaceAll("_", "-"));
  const last = said.findLast((argument) => argument === `--${flag}` || argument === `--no-${flag}`);
  return last === undefined ? undefined : last === `--${flag}`;
}

function givenValue(flag: string): string | undefined {
  const said = process.execArgv.map((argument) => argument.replaceAll("_", "-"));
  return said.findLast((argument) => argument.startsWith(`--${flag}=`))?.slice(flag.length + 3);
}
