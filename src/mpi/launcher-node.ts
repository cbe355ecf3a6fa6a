/** How many processes of one job were started with this one, by what the launchers of MPI leave in the environment. */

/** Who has started this process, and as which of how many. */
export interface Launched {
  readonly by: "Open MPI" | "MPICH" | "Slurm";
  readonly rank: number;
  readonly size: number;
  /** How many of them are on this machine. */
  readonly local: number;
}

/** Variables of each launcher: its ranks' numbers, and how many there are. Slurm's are those of a step, as srun makes it. */
const LAUNCHERS = [
  ["Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"],
  ["MPICH", "PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"],
  ["Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE"],
] as const;

/** Null where nobody has started this process as one of several. */
export function launched(env: Readonly<Record<string, string | undefined>> = process.env): Launched | null {
  for (const [by, rankName, sizeName, localName] of LAUNCHERS) {
    const [rank, size] = [env[rankName], env[sizeName]].map((text) =>
      /^\d+$/.test(text ?? "") ? Number(text) : -1,
    );
    if (rank! >= 0 && size! > rank!) {
      const local = Math.max(1, Number.parseInt(env[localName] ?? "1", 10)); // Slurm's: 4(x2),3
      return size! > 1 ? { by, rank: rank!, size: size!, local } : null;
    }
  }
  return null;
}
