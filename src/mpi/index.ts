/** `lstmkit/mpi`: one model on many machines. Node alone; it loads koffi, an optional peer dependency, when it is called. */
export type { GroupStep } from "../model/group-step.ts";
export type { Group } from "../train/group.ts";
export { groupOf, type Transport, type View } from "./group-of.ts";
export { type MpiGroup, type MpiOptions, mpiGroup } from "./mpi-node.ts";
