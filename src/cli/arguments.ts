import { parseArgs } from "node:util";
import type { Command } from "cac";
import { LstmkitError } from "../errors.ts";

/** A command line that has no meaning: exit code 2. */
export class UsageError extends LstmkitError {
  constructor(message: string) {
    super("BAD_ARGUMENT", message);
  }
}

interface Declared {
  readonly isSwitch: boolean;
  readonly fallback: string | undefined;
}

/**
 * The arguments of a command, read strictly by what it declares. cac routes and prints the help, but
 * its values are guesses: it makes 7 of "007", an array of a repeated flag, and drops a lone "-".
 */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #declared = new Map<string, Declared>();
  readonly #given = new Map<string, string>();
  readonly #dashHint: string;

  /** @throws UsageError for a flag that is unknown, repeated or without its value, and for too many arguments */
  constructor(command: Command, argv: readonly string[]) {
    for (const { rawName, isBoolean, config } of command.options) {
      const name = /--([a-z-]+)/.exec(rawName)![1]!;
      const fallback = config.default === undefined ? undefined : String(config.default);
      this.#declared.set(name, { isSwitch: isBoolean === true, fallback });
    }
    const takesText = command.args.some(({ value }) => value === "text");
    this.#dashHint = takesText ? " Put -- before a text that begins with a dash." : "";
    const options = Object.fromEntries(
      [...this.#declared].map(([name, { isSwitch }]) => [
        name,
        { type: isSwitch ? ("boolean" as const) : ("string" as const) },
      ]),
    );
    const { tokens } = parseArgs({
      args: [...argv],
      options,
      strict: false,
      allowPositionals: true,
      tokens: true,
    });
    const positionals: string[] = [];
    for (const token of tokens) {
      if (token.kind === "positional") positionals.push(token.value);
      else if (token.kind === "option") this.#take(token);
    }
    const most = command.args.at(-1)?.variadic ? Number.POSITIVE_INFINITY : command.args.length;
    const least = command.args.filter(({ required }) => required).length;
    if (positionals.length > most) {
      throw new UsageError(
        `${JSON.stringify(positionals[most])} is one argument too many; wanted lstmkit ${command.rawName}. Put quotes around a text with blanks.`,
      );
    }
    if (positionals.length < least) {
      throw new UsageError(
        `<${command.args[positionals.length]!.value}> is missing; wanted lstmkit ${command.rawName}.`,
      );
    }
    this.positionals = positionals;
  }

  #take({ name, rawName, value, inlineValue }: Flag): void {
    const declared = this.#declared.get(name);
    if (!declared || rawName !== `--${name}`) {
      const wanted = [...this.#declared.keys()].map((flag) => `--${flag}`).join(", ");
      throw new UsageError(`unknown flag ${rawName}; wanted ${wanted}.${this.#dashHint}`);
    }
    if (this.#given.has(name)) throw new UsageError(`--${name} is given twice; wanted once.`);
    if (declared.isSwitch) {
      if (value !== undefined) throw new UsageError(`--${name} is ${show(value)}; it takes no value.`);
    } else if (value === undefined || value === "" || (!inlineValue && value.startsWith("--"))) {
      throw new UsageError(`--${name} has no value; wanted one after it.`);
    }
    this.#given.set(name, value ?? "");
  }

  /** Whether the flag stands on the command line. */
  has(name: string): boolean {
    return this.#given.has(name);
  }

  /** The flag's value, its default, or undefined where it has none. */
  text(name: string): string | undefined {
    return this.#given.get(name) ?? this.#declared.get(name)?.fallback;
  }

  /** @throws UsageError unless it is a whole number from `least` to `most` */
  wholeNumber(name: string, least: number, most = 2 ** 31 - 1): number {
    return this.#wholeNumber(name, this.text(name) ?? "", least, most);
  }

  /** Whole numbers from 1 on, with commas between. @throws UsageError */
  wholeNumbers(name: string): number[] {
    const value = this.text(name) ?? "";
    if (!/^\d+(,\d+)*$/.test(value)) {
      throw new UsageError(
        `--${name} is ${show(value)}; wanted whole numbers with commas between, such as 64,64.`,
      );
    }
    return value.split(",").map((part) => this.#wholeNumber(name, part, 1, 2 ** 31 - 1));
  }

  /** @throws UsageError unless it is a number and `accepts` it */
  number(name: string, accepts: (value: number) => boolean, wanted: string): number {
    const value = this.text(name) ?? "";
    const isDecimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);
    if (!isDecimal || !accepts(Number(value))) {
      throw new UsageError(`--${name} is ${show(value)}; wanted ${wanted}.`);
    }
    return Number(value);
  }

  /** @throws UsageError unless it is one of `choices` */
  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.text(name) ?? "";
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) {
      throw new UsageError(`--${name} is ${show(value)}; wanted ${choices.join(" or ")}.`);
    }
    return choice;
  }

  #wholeNumber(name: string, value: string, least: number, most: number): number {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new UsageError(`--${name} is ${show(value)}; wanted a whole number from ${least} to ${most}.`);
    }
    return number;
  }
}

interface Flag {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

const show = (value: string): string => JSON.stringify(value);
