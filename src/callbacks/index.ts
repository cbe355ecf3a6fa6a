/** The callbacks there are; an application's bundle has those that it imports. */
export { type CsvLoggerOptions, csvLogger } from "./csv-logger.ts";
export { type EarlyStopping, type EarlyStoppingOptions, earlyStopping } from "./early-stopping.ts";
export { type ModelCheckpointOptions, modelCheckpoint, type SaveCheckpoint } from "./model-checkpoint.ts";
export type { MonitorOptions } from "./monitor.ts";
export { type ReduceLROnPlateauOptions, reduceLROnPlateau } from "./reduce-lr-on-plateau.ts";
export { type TensorBoardOptions, tensorBoard } from "./tensor-board.ts";
export { terminateOnNaN } from "./terminate-on-nan.ts";
