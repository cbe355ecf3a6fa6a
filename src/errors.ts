/**
 * What went wrong, for programs to switch on. The message says what was found, what was wanted and
 * the remedy; the code is stable across releases, the message is not.
 */
export type ErrorCode =
  | "ABORTED" // an AbortSignal fired, or the user pressed Ctrl-C
  | "BAD_ARGUMENT" // an option or argument that has no meaning here
  | "BAD_CHECKPOINT" // a checkpoint of other data, layers or options than the fit's, or none that is whole
  | "BAD_CHECKSUM" // downloaded bytes are not the expected ones
  | "BAD_CSV" // a CSV file that cannot be read as a data set
  | "BAD_DATASET" // a data file whose content contradicts itself
  | "BAD_INDEX" // a token id outside the embedding's vocabulary
  | "BAD_LABEL" // a target the loss has no meaning for
  | "BAD_LAYER" // a layer description, or a stack of layers, that has no meaning
  | "BAD_MODEL_FILE" // a model file that is cut short, lies about itself, or is of another format
  | "BAD_NPZ" // not a zip of .npy arrays, or one cut short
  | "BAD_PICKLE" // a pickle with an opcode outside the allowed list
  | "BAD_PLAN" // a plan of a sweep that makes no trials, or another one than the folder's
  | "BAD_SERIES" // columns, times or values that make no series: not there, not readable, irregular, or refused by a rule
  | "BAD_SHAPE" // an array of another shape than the model's
  | "BAD_TEXT" // bytes in another encoding than text is read in, or a line without an end
  | "BAD_VALUE" // NaN or infinity in the data, or something else than numbers or texts
  | "BUSY" // a second fit while one is running on the same model; compile or setWeights while any call is; stepSync that would wait
  | "DISPOSED" // a call on a model or a stream after dispose(), or a runtime after close()
  | "FILE_NOT_FOUND"
  | "FILE_UNREADABLE"
  | "FILE_UNWRITABLE"
  | "GROUP_DIFFERS" // ranks that train one model together have other data, layers, options or weights
  | "GROUP_FAILED" // another rank of the group ended with an error, or cannot be reached
  | "LOSS_NOT_FINITE" // the loss turned NaN or infinite; the weights of the step before are kept
  | "MPI_UNAVAILABLE" // no MPI library here, no koffi to call it by, or another launcher than that of the library
  | "NOT_COMPILED" // fit or evaluate before compile()
  | "NOT_FITTED" // a call on a task that has learnt nothing yet
  | "NO_VOCABULARY" // text was given to a model that was trained on ids alone
  | "OFFLINE" // a download that could not be made
  | "OTHER_BUILD" // a worker's lstmkit is not the one that the job was made by, whose bits it promises
  | "OUT_OF_MEMORY" // the memory plan passes the address space or the host refuses the memory
  | "QUANTIZED" // fit, setWeights or quantize on a model with weights in int8
  | "QUEUE_REFUSED" // the queue's server does not let us in, or is too old
  | "QUEUE_UNAVAILABLE" // no bullmq and ioredis here to reach a queue by
  | "QUEUE_UNREACHABLE" // there is no server, or no way to it
  | "THREAD_FAILED" // a thread did not start, or ended before close(); or it left the weights half updated
  | "UNSUPPORTED_ENGINE" // no WebAssembly SIMD here; no Intl.Segmenter, where a vocabulary needs it
  | "WORKER_DIED" // the worker of spawnRuntime(), or of a queue's job, ended in the middle of its work
  | "WORKER_FAILED"; // the worker of spawnRuntime() did not start

/** Every error that lstmkit throws on purpose. */
export class LstmkitError extends Error {
  override readonly name = "LstmkitError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${message}`, options);
  }
}
