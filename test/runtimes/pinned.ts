import type { JobResult } from "./engines.ts";

/**
 * What the job of hosts/job.js comes to, everywhere: SHA-256 of the weights before and after training, and
 * of those of its second and third model, with the loss of the third; and what a model with weights in int8 is and says. A change of one of these is a change of the contract, as in test/train/determinism.test.ts.
 */
export const PINNED: Pick<JobResult, "initial" | "trained" | "resumed" | "gru" | "kinds" | "int8"> = {
  initial: "0dee600a8475477deabd890bd6824a0781a80f47a43de688962dd88b2e312895",
  trained: "c6ed179c4204cd3b58fa51564aee0741fd7b5de6e04fbd33c2d287513192ce19",
  resumed: "c6ed179c4204cd3b58fa51564aee0741fd7b5de6e04fbd33c2d287513192ce19",
  gru: "de09ab75c678caad6942af3ba22fb0c8ff0b59d4cfe55acf393dfd9cee78947e",
  kinds: {
    trained: "ef63154a079404aa1382e5756723bf8460e4bab387ac9a53393a9270feb51873",
    loss: 0.27031469747508635,
  },
  int8: {
    digest: "4986d080d7e07e0f4d445ae05948ec2d479464917d961b773b8b2f06d8bf2492",
    predictions: "45dbb34f",
  },
};
