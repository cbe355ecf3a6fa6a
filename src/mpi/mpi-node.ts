/** MPI for Node: the few functions that a group needs, of Open MPI or of MPICH and its kin, called by koffi. */
import { LstmkitError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import type { Group } from "../train/group.ts";
import { groupOf, type Transport, type View } from "./group-of.ts";
import { launched } from "./launcher-node.ts";

/** Options of `mpiGroup()`. */
export interface MpiOptions {
  /**
   * The MPI library: its path, or its name where the system looks for libraries. Default: what the variable `LSTMKIT_MPI`
   * says, else that of the launcher, Open MPI's or MPICH's.
   */
  library?: string;
}

/** The ranks that `mpirun` or `srun` has started. */
export interface MpiGroup extends Group {
  /** As the library calls itself, such as `Open MPI v4.1.4`. */
  readonly library: string;
  /** Take leave of the others, once all that was to be done together is done; waits for them. MPI cannot be begun again. */
  close(): Promise<void>;
  /** End the processes of all ranks, this one included, at once. @param code that `mpirun` exits with. Default 1 */
  abort(code?: number): void;
}

const MPI_OPTIONS = {
  library: {
    wanted: "the path or the name of an MPI library",
    accepts: (value: unknown) => typeof value === "string" && value !== "",
    fallback: undefined,
  },
};

let joined: Promise<MpiGroup> | null = null;

/**
 * The group of the processes that `mpirun` or `srun` has started; a group of one where nobody has. It begins MPI, which a
 * process can do once: each call gives the same group. Waiting for another rank is done in this thread, which does nothing else
 * meanwhile.
 *
 * A rank whose process ends without `close()` ends the job, by MPI.
 *
 * @throws MPI_UNAVAILABLE where koffi or the library is missing, the library is not that of the launcher, or `srun` was called
 *   without `--mpi`
 */
export async function mpiGroup(options: MpiOptions = {}): Promise<MpiGroup> {
  const { library } = checkOptions<MpiOptions, typeof MPI_OPTIONS>("mpiGroup()", options, MPI_OPTIONS);
  joined ??= join(library ?? process.env.LSTMKIT_MPI);
  try {
    return await joined;
  } catch (error) {
    joined = null;
    throw error;
  }
}

/** Names of libraries, by whose launcher has started this process; those that are there in most places first. */
const OPEN_MPI = ["libmpi.so.40", "libmpi.40.dylib", "/opt/homebrew/lib/libmpi.40.dylib"];
const MPICH = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib", "/opt/homebrew/lib/libmpi.12.dylib"];

async function join(given: string | undefined): Promise<MpiGroup> {
  const start = launched();
  // Without it Open MPI ends the process, in words of its own.
  if (start?.by === "Slurm" && !Object.keys(process.env).some((name) => /^PMIX?_/.test(name))) {
    throw unavailable(
      `srun has started ${start.size} processes without a way to meet. Call it with --mpi=pmix for Open MPI or --mpi=pmi2 for MPICH; ` +
        "srun --mpi=list says which there are.",
    );
  }
  const names = given ? [given] : start?.by === "MPICH" ? [...MPICH, ...OPEN_MPI] : [...OPEN_MPI, ...MPICH];
  const koffi = await loadKoffi();
  const mpi = bind(koffi, openLibrary(koffi, names));
  mpi.begin();
  const [rank, size] = [mpi.number("MPI_Comm_rank"), mpi.number("MPI_Comm_size")];
  if (start && size !== start.size) {
    throw unavailable(
      `${start.by} has started ${start.size} processes, and ${mpi.version()} knows of ${size}. Name the library of the launcher ` +
        "in LSTMKIT_MPI, such as libmpi.so.40 for Open MPI or libmpich.so.12 for MPICH; with srun, its --mpi has to be one " +
        "that the library knows.",
    );
  }
  const transport: Transport = { rank, size, ...mpi.calls(size) };
  return Object.assign(groupOf(transport), {
    library: mpi.version(),
    async close() {
      mpi.end();
    },
    abort: (code = 1) => mpi.abort(code),
  });
}

type Koffi = typeof import("koffi").default;
type Library = ReturnType<Koffi["load"]>;

async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import("koffi")).default;
  } catch (cause) {
    throw unavailable(
      "koffi, by which MPI is called, is not installed. Run npm install koffi beside lstmkit.",
      cause,
    );
  }
}

/**
 * What UCX, by which MPICH and some builds of Open MPI send, is to leave alone: by default it writes over functions of the C library, to hear
 * of memory that is given back, while threads of V8 are in them, and takes signals that V8's WebAssembly lives by. Of 110 runs
 * by MPICH 4.0 and UCX 1.13 three ended in a segmentation fault, with these none of 150.
 */
const UCX = { UCX_MEM_EVENTS: "no", UCX_ERROR_SIGNALS: "" };

function openLibrary(koffi: Koffi, names: readonly string[]): Library {
  for (const [name, value] of Object.entries(UCX)) process.env[name] ??= value;
  let first: unknown;
  for (const name of names) {
    try {
      return koffi.load(name, { global: true }); // Open MPI's plug-ins look for its symbols
    } catch (cause) {
      first ??= cause;
    }
  }
  throw unavailable(
    `no MPI library was found (looked for ${names.join(", ")}). Install Open MPI (apt-get install openmpi-bin) or MPICH on ` +
      "every machine, or name the library in LSTMKIT_MPI.",
    first,
  );
}

const unavailable = (message: string, cause?: unknown) =>
  new LstmkitError("MPI_UNAVAILABLE", message, { cause });

/** What has to be told apart: in Open MPI handles are addresses of its own variables, in MPICH's ABI numbers. */
interface Abi {
  readonly world: unknown;
  readonly byte: unknown;
  readonly handle: "void *" | "int";
  /** MPI_IN_PLACE and MPI_STATUS_IGNORE, as addresses. */
  readonly inPlace: bigint;
  readonly ignore: bigint;
}

function abiOf(lib: Library): Abi {
  try {
    const [world, byte] = [lib.symbol("ompi_mpi_comm_world"), lib.symbol("ompi_mpi_byte")];
    return { world, byte, handle: "void *", inPlace: 1n, ignore: 0n };
  } catch {
    return { world: 0x44000000, byte: 0x4c00010d, handle: "int", inPlace: -1n, ignore: 1n };
  }
}

/** MPI_THREAD_FUNNELED: this thread alone calls MPI, and there may be others. */
const FUNNELED = 1;
/** Counts of MPI are ints. */
const MOST = 2 ** 30;
const TAG = 1;

function bind(koffi: Koffi, lib: Library) {
  const { world, byte, handle, inPlace, ignore } = abiOf(lib);
  const int = koffi.out("int *");
  const call = (name: string, types: readonly (string | typeof int)[]) => {
    const fn = lib.func(name, "int", [...types]);
    return (...args: unknown[]) => {
      const code = fn(...args) as number;
      if (code !== 0) throw new Error(`${name} gave ${code}`);
    };
  };
  const initThread = call("MPI_Init_thread", ["void *", "void *", "int", int]);
  const finalize = call("MPI_Finalize", []);
  const abort = call("MPI_Abort", [handle, "int"]);
  const libraryVersion = call("MPI_Get_library_version", ["void *", int]);
  const gatherv = call("MPI_Allgatherv", [
    "intptr_t",
    "int",
    handle,
    "void *",
    "int *",
    "int *",
    handle,
    handle,
  ]);
  const bcast = call("MPI_Bcast", ["void *", "int", handle, "int", handle]);
  const send = call("MPI_Send", ["void *", "int", handle, "int", "int", handle]);
  const receive = call("MPI_Recv", ["void *", "int", handle, "int", "int", handle, "intptr_t"]);

  /** A number of ints' worth at a time. */
  const pieces = (bytes: Uint8Array, work: (piece: Uint8Array) => void) => {
    for (let from = 0; from < bytes.length; from += MOST) work(bytes.subarray(from, from + MOST));
  };
  const broadcast = (bytes: Uint8Array, from: number) => {
    pieces(bytes, (piece) => bcast(piece, piece.length, byte, from, world));
  };
  return {
    begin: () => initThread(null, null, FUNNELED, [0]),
    end: () => finalize(),
    abort: (code: number) => abort(world, code),
    number(name: "MPI_Comm_rank" | "MPI_Comm_size"): number {
      const out = [0];
      call(name, [handle, int])(world, out);
      return out[0]!;
    },
    version(): string {
      const [text, length] = [new Uint8Array(8192), [0]];
      libraryVersion(text, length);
      const all = new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
      return all.split(/[,\n]/)[0]!.replace(/\s+/g, " ").trim();
    },
    calls: (size: number): Pick<Transport, "gather" | "broadcast" | "send" | "receive"> => ({
      gather(view: View, at) {
        const bytes = view();
        if (bytes.length >= MOST) {
          for (let r = 0; r < size; r++) broadcast(bytes.subarray(at[r], at[r + 1]), r);
          return;
        }
        const counts = Int32Array.from({ length: size }, (_, r) => at[r + 1]! - at[r]!);
        gatherv(inPlace, 0, byte, bytes, counts, Int32Array.from(at.slice(0, size)), byte, world);
      },
      broadcast: (view, from) => broadcast(view(), from),
      send: (view, to) => pieces(view(), (piece) => send(piece, piece.length, byte, to, TAG, world)),
      receive: (view, from) =>
        pieces(view(), (piece) => receive(piece, piece.length, byte, from, TAG, world, ignore)),
    }),
  };
}
