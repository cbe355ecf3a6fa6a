/** The callbacks that write, to files: what Node has in place of those that hand over what is to be written. */
import { hostname } from "node:os";
import { join } from "node:path";
import { appendTo, beginFile, makeFolderOf } from "../disk/append-node.ts";
import { type FilePath, pathOf, writeWhole } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import { aString, checkOptions, show, trueOrFalse } from "../options.ts";
import type { Callback, EpochLogs } from "../train/model.ts";
import { type CsvLines, type CsvLoggerOptions, csvTable, csvLogger as logCsv } from "./csv-logger.ts";
import {
  type CheckpointOptions,
  modelCheckpoint as checkpoint,
  checkpointTable,
  type ModelCheckpointOptions,
} from "./model-checkpoint.ts";
import {
  tensorBoard as board,
  type Run,
  type TensorBoardOptions,
  type TensorBoardUpdates,
  updatesTable,
} from "./tensor-board.ts";

const aPath = {
  wanted: "a path, or a file: URL",
  accepts: (value: unknown) => typeof value === "string" || value instanceof URL,
};

export interface FileCheckpointOptions extends CheckpointOptions {
  /**
   * Where to, in a folder that is made where there is none. `{epoch}`, which counts from 1 here, and names in the logs
   * stand for their numbers, with Python's formats where they are wanted: `{epoch:02d}-{valLoss:.2f}.safetensors`. A
   * file that is there is replaced, whole or not at all.
   */
  filepath: string;
}

const fileCheckpointTable = () => ({ ...checkpointTable(), filepath: aString });

/**
 * Writes a model file after every epoch, or after each that is the best so far: Keras's ModelCheckpoint. With `save` in
 * place of `filepath` the bytes are given to that function, as in a browser. What model.save() leaves out, the
 * optimiser's state and the count of epochs, is not in it.
 *
 * @throws BAD_ARGUMENT; fit rejects with FILE_UNWRITABLE, and with BAD_ARGUMENT where no epoch logs what is monitored
 */
export function modelCheckpoint(options: FileCheckpointOptions | ModelCheckpointOptions): Callback {
  if (Object.hasOwn(Object(options), "save")) return checkpoint(options as ModelCheckpointOptions);
  const given = checkOptions<FileCheckpointOptions, ReturnType<typeof fileCheckpointTable>>(
    "modelCheckpoint()",
    options as FileCheckpointOptions,
    fileCheckpointTable(),
  );
  const { filepath, ...rest } = given;
  pathOf(filepath);
  return checkpoint({
    ...rest,
    async save(bytes, epoch, logs) {
      const path = fill(filepath, epoch, logs);
      await makeFolderOf(path);
      await writeWhole(path, bytes);
    },
  });
}

/** `{name}`, `{name:02d}`, `{name:.2f}`. */
function fill(path: string, epoch: number, logs: EpochLogs): string {
  const values: Readonly<Record<string, number | undefined>> = { ...logs, epoch: epoch + 1 };
  return path.replace(/\{(\w+)(?::(?:0?(\d+)d|\.(\d+)f))?\}/g, (found, name: string, width, digits) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `filepath has ${show(found)}, which epoch ${epoch} does not log; it logs ${Object.keys(values).join(", ")}.`,
      );
    }
    return digits === undefined
      ? String(value).padStart(Number(width ?? 0), "0")
      : value.toFixed(Number(digits));
  });
}

export interface FileCsvLoggerOptions extends CsvLines {
  /** Where to, in a folder that is made where there is none. */
  filename: FilePath;
  /** Go on behind what the file holds; with names first only where it is empty. Default false: it is emptied. */
  append?: boolean;
}

const fileCsvTable = () => ({ ...csvTable(), filename: aPath, append: { ...trueOrFalse, fallback: false } });

/**
 * Writes a line for each epoch to a file: Keras's CSVLogger. The columns are `epoch`, which counts from 0, and what
 * epochs log, in the order of the alphabet; `NA` stands where an epoch did not validate. Lines end in CR LF. With
 * `write` in place of `filename` the lines are given to that function, as in a browser.
 *
 * @throws BAD_ARGUMENT; fit rejects with FILE_UNWRITABLE
 */
export function csvLogger(options: FileCsvLoggerOptions | CsvLoggerOptions): Callback {
  if (Object.hasOwn(Object(options), "write")) return logCsv(options as CsvLoggerOptions);
  const given = checkOptions<FileCsvLoggerOptions, ReturnType<typeof fileCsvTable>>(
    "csvLogger()",
    options as FileCsvLoggerOptions,
    fileCsvTable(),
  );
  const { filename, append, separator } = given;
  pathOf(filename);
  const write = (lines: string) => appendTo(filename, lines);
  let logger: Callback = {};
  return {
    async onTrainBegin(context) {
      const bytes = await beginFile(filename, append);
      logger = logCsv({ write, separator, header: bytes === 0 });
      await logger.onTrainBegin?.(context);
    },
    onEpochEnd: (...told) => logger.onEpochEnd?.(...told),
  };
}

export interface LogDirOptions extends TensorBoardUpdates {
  /** The folder that `tensorboard --logdir` is given; it is made where there is none. */
  logDir: string;
}

const logDirTable = () => ({ ...updatesTable(), logDir: aString });

/** Files that this process has begun: two of the same second have different names. */
let files = 0;

/**
 * Writes event files for TensorBoard, in the folders `train` and `validation` of logDir: of Keras's TensorBoard the
 * scalars, under its names. `epoch_loss` and the like are of epochs, with `epoch_learning_rate`; `batch_loss` and the
 * like are of batches, which count on from epoch to epoch. With `write` in place of `logDir` the bytes are given to that
 * function, as in a browser.
 *
 * @throws BAD_ARGUMENT; fit rejects with FILE_UNWRITABLE
 */
export function tensorBoard(options: LogDirOptions | TensorBoardOptions): Callback {
  if (Object.hasOwn(Object(options), "write")) return board(options as TensorBoardOptions);
  const given = checkOptions<LogDirOptions, ReturnType<typeof logDirTable>>(
    "tensorBoard()",
    options as LogDirOptions,
    logDirTable(),
  );
  const { logDir, updateFreq } = given;
  pathOf(logDir);
  const paths = new Map<Run, string>();
  const callback = board({
    updateFreq,
    async write(bytes, run) {
      let path = paths.get(run);
      if (path === undefined) {
        const seconds = Math.floor(Date.now() / 1000);
        path = join(logDir, run, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${files++}.v2`);
        paths.set(run, path);
        await beginFile(path, true);
      }
      await appendTo(path, bytes);
    },
  });
  return {
    ...callback,
    onTrainBegin(context) {
      paths.clear();
      return callback.onTrainBegin?.(context);
    },
  };
}
