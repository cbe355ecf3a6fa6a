import type { CAC, Command } from "cac";
import { readBytes } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { createRuntime } from "../node.ts";
import { type GenerateOptions, loadGenerator, type TextGenerator } from "../tasks/index.ts";
import type { Arguments } from "./arguments.ts";
import { catchInterruption, INTERRUPTED } from "./interruption.ts";
import { printJson, warn } from "./print.ts";

export function declareGenerate(cli: CAC): Command {
  return cli
    .command("generate <model>", "Go on with a text, by a model of train --task generate")
    .option("--prompt <text>", "What to go on from; \\n is a line break")
    .option("--length <n>", "Characters to write at most: 400; or words and signs: 100")
    .option("--temperature <t>", "Below 1 likelier, above 1 bolder; 0 the most likely each time", {
      default: 0.8,
    })
    .option("--top-k <k>", "Draw among the k most likely alone")
    .option("--top-p <p>", "Draw among the most likely whose shares sum to p alone")
    .option("--stop <text>", "End in front of this; \\n is a line break")
    .option("--seed <n>", "The same seed, the same text", { default: 0 })
    .option("--json", "One JSON object on stdout, with the prompt and the text")
    .example('lstmkit generate model.safetensors --prompt "Call me" --length 400 --top-k 40');
}

/** @throws UsageError */
export function readGenerateFlags(args: Arguments): GenerateOptions {
  const [prompt, stop] = [args.text("prompt"), args.text("stop")];
  const temperature = args.number(
    "temperature",
    (t) => t === 0 || (t >= 0.01 && t <= 100),
    "0, or a number from 0.01 to 100",
  );
  return {
    temperature,
    seed: args.wholeNumber("seed", 0, 2 ** 32 - 1),
    ...(prompt !== undefined && { prompt: unescaped(prompt) }),
    ...(stop !== undefined && { stop: unescaped(stop) }),
    ...(args.has("length") && { length: args.wholeNumber("length", 0) }),
    ...(args.has("top-k") && { topK: args.wholeNumber("top-k", 1) }),
    ...(args.has("top-p") && {
      topP: args.number("top-p", (p) => p > 0 && p <= 1, "a number above 0, at most 1"),
    }),
  };
}

/** @returns the exit code */
export async function generate(args: Arguments): Promise<number> {
  const [path] = args.positionals as [string];
  const options = readGenerateFlags(args);
  const bytes = await readBytes(path);
  const signal = catchInterruption(() => {});
  const kit = await createRuntime();
  const generator = await loadGenerator(kit, bytes);
  const code = await writeText(generator, options, signal, args.has("json"));
  await kit.close();
  return code;
}

/** The prompt and what follows, as it is made. @returns the exit code */
export async function writeText(
  generator: TextGenerator,
  options: GenerateOptions,
  signal: AbortSignal,
  isJson: boolean,
): Promise<number> {
  const { prompt = "" } = options;
  const findings: string[] = [];
  const onFinding = ({ message }: { message: string }) => {
    findings.push(message);
    warn(message);
  };
  const outlet = new Outlet();
  let text = "";
  try {
    const pieces = generator.generate({ ...options, signal, onFinding });
    if (!isJson) await outlet.put(prompt);
    for await (const piece of pieces) {
      text += piece;
      if (!isJson) await outlet.put(piece);
    }
    if (isJson) printJson({ event: "generate", prompt, text, findings });
    else if (!`${prompt}${text}`.endsWith("\n")) await outlet.put("\n");
    return 0;
  } catch (error) {
    if (!(error instanceof LstmkitError) || error.code !== "ABORTED") throw error;
    if (outlet.isClosed) return 0;
    if (!isJson) await outlet.put("\n");
    return INTERRUPTED;
  }
}

/** The standard output, at the pace of who reads it. */
class Outlet {
  #isClosed = false;
  readonly #closing = new Promise<void>((resolve) => {
    process.stdout.once("close", () => {
      this.#isClosed = true;
      resolve();
    });
  });

  /** Whether the reader went away, as head does when it has enough. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Waits for a slow reader, so that what it has not read yet does not pile up. */
  async put(text: string): Promise<void> {
    if (text === "" || this.#isClosed || process.stdout.write(text)) return;
    const drained = new Promise<void>((resolve) => process.stdout.once("drain", resolve));
    await Promise.race([drained, this.#closing]);
  }
}

/** \n, \t and \\ as a shell passes them on. */
function unescaped(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, sign: string) => ({ n: "\n", t: "\t" })[sign] ?? "\\");
}
