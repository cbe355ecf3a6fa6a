/** The flags of a queue: its server, its name, its password. */
import type { Command } from "cac";
import { show } from "../../options.ts";
import { type Arguments, UsageError } from "../arguments.ts";

export interface QueueFlags {
  readonly url: string;
  readonly password: string | undefined;
  readonly name: string;
}

/** The flags of commands that give a queue jobs. */
export function declareQueueFlags(command: Command): Command {
  return declareServerFlags(command)
    .option(
      "--send",
      "With --queue: send the data's files through the server, for workers that do not see their paths",
    )
    .option(
      "--retries <n>",
      "Of a job that failed by what may not come again, such as memory that was short",
      {
        default: 3,
      },
    );
}

export function declareServerFlags(command: Command): Command {
  return command
    .option(
      "--queue <url>",
      "A Valkey or Redis server: redis://host:6379, or rediss:// with TLS; its password in LSTMKIT_QUEUE_PASSWORD or in the URL",
    )
    .option("--queue-name <name>", "Of several queues on one server", { default: "lstmkit" });
}

/** Undefined without the flag. @throws UsageError */
export function readQueueFlags(
  args: Arguments,
  env: Readonly<Record<string, string | undefined>> = process.env,
): QueueFlags | undefined {
  const url = args.text("queue");
  const name = args.text("queue-name")!; // has a default
  if (!/^[\w.-]{1,80}$/.test(name)) {
    throw new UsageError(`--queue-name is ${show(name)}; wanted letters, digits, _, . and -, 80 at most.`);
  }
  if (url === undefined) {
    for (const flag of ["queue-name", "send"]) {
      if (args.has(flag)) throw new UsageError(`--${flag} is for --queue, which is not given.`);
    }
    return undefined;
  }
  const isRight =
    URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol) && new URL(url).hostname !== "";
  if (!isRight) {
    // Not shown: there may be a password in it.
    throw new UsageError(
      "--queue is no address of a server; wanted one such as redis://127.0.0.1:6379, or rediss://user:password@host:6379/0.",
    );
  }
  return { url, password: env.LSTMKIT_QUEUE_PASSWORD || undefined, name };
}

/** Milliseconds of a flag such as 30s. @throws UsageError */
export function readSeconds(args: Arguments, flag: string, least = 0.1): number {
  const value = args.text(flag) ?? "";
  const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(value) ?? [];
  if (seconds === undefined || Number(seconds) < least || Number(seconds) > 86_400) {
    throw new UsageError(`--${flag} is ${show(value)}; wanted a time from ${least}s to 86400s, such as 30s.`);
  }
  return Number(seconds) * 1000;
}
