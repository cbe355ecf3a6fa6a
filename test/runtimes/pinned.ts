import type { JobResult } from "./engines.ts";

/**
 * What the job of hosts/job.js comes to, everywhere: SHA-256 of the weights before and after training, and
 * of those of its second and third model, with the loss of the third; and what a model with weights in int8 is and says. A change of one of these is a change of the contract, as in test/train/determinism.test.ts.
 */
export const PINNED: Pick<JobResult, "initial" | "trained" | "gru" | "kinds" | "int8"> = {
  initial: "0dee600a8475477deabd890bd6824a0781a80f47a43de688962dd88b2e312895",
  trained: "1e33c909f1717a2573d8f463da8f758ee335fd6d1339e8e86532d664779821c8",
  gru: "04395ac0d681b165a673027b096c3395dcf2c80f4ed7add5b43dec1e68d82ee2",
  kinds: {
    trained: "0e49699e8406a24cf5f98063e00e9ea9fbea3d238f3d395f4af0aaf18f2bf99c",
    loss: 0.27031470163567667,
  },
  int8: {
    digest: "4306e16b98ee073a93b2e02e36df21439c8fdc1dafe1759d53dbdcfbc5ad98a2",
    predictions: "fff0158a",
  },
};
