/** How many processes of one job were started with this one, by what the launchers of MPI leave in the environment. */

/** Who has started this process, and as which of how many. */
export interface Launched {
  readonly by: "Open MPI" | "MPICH" | "Slurm";
  readonly rank: number;
  readonly size: number;
}

/** Variables of each launcher: its ranks' numbers, and how many there are. Slurm's are those of a step, as srun makes it. */
const LAUNCHERS = [
  ["Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
  ["MPICH", "PMI_RANK", "PMI_SIZE"],
  ["Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"],
] as const;

/** Null where nobody has started this process as one of several. */
export function launched(env: Readonly<Record<string, string | undefined>> = process.env): Launched | null {
  for (const [by, rankName, sizeName] of LAUNCHERS) {
    const [rank, size] = [env[rankName], env[sizeName]].map((text) =>
      /^\d+$/.test(text ?? "") ? Number(text) : -1,
    );
    if (rank! >= 0 && size! > rank!) return size! > 1 ? { by, rank: rank!, size: size! } : null;
  }
  return null;
}
