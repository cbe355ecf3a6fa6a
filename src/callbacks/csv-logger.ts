import { aFunction, checkOptions, trueOrFalse } from "../options.ts";
import type { Callback } from "../train/model.ts";

export interface CsvLines {
  /** Between two cells: one character that is in no number. Default a comma. */
  separator?: string;
}

export interface CsvLoggerOptions extends CsvLines {
  /** Takes the lines of an epoch, each with its end; awaited. */
  write: (lines: string) => void | Promise<void>;
  /** Begin with a line of names. Default true. */
  header?: boolean;
}

/** All but where to. */
export const csvTable = () => ({
  separator: {
    wanted: "one character that is in no number, such as a semicolon",
    accepts: (value: unknown) => typeof value === "string" && /^[^\w"\r\n.+-]$/.test(value),
    fallback: ",",
  },
});

export const table = () => ({ ...csvTable(), write: aFunction, header: { ...trueOrFalse, fallback: true } });

/**
 * Writes a line for each epoch: Keras's CSVLogger. The columns are `epoch`, which counts from 0, and what epochs log,
 * in the order of the alphabet; `NA` stands where an epoch did not validate. Lines end as RFC 4180 has it, in CR LF.
 *
 * @throws BAD_ARGUMENT
 */
export function csvLogger(options: CsvLoggerOptions): Callback {
  const given = checkOptions<CsvLoggerOptions, ReturnType<typeof table>>("csvLogger()", options, table());
  const { write, separator, header } = given;
  const line = (cells: readonly unknown[]) => `${cells.join(separator)}\r\n`;
  let columns: string[] = [];
  let isFirst = true;
  return {
    onTrainBegin({ metrics }) {
      columns = [...metrics].sort();
      isFirst = header;
    },
    getState: () => ({ values: { isFirst } }),
    setState({ values }) {
      isFirst = values.isFirst === true;
    },
    async onEpochEnd(epoch, logs) {
      const names = isFirst ? line(["epoch", ...columns]) : "";
      isFirst = false;
      await write(names + line([epoch, ...columns.map((name) => logs[name] ?? "NA")]));
    },
  };
}
