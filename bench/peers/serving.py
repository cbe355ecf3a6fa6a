"""The Python side of bench/protocol.ts: one JSON object a line on stdin and stdout."""
import json
import os
import sys
import time

import numpy as np

LEARNING_RATE = 1e-3


class Case:
    """A case's arrays: ids (batches, B, T) i32, labels (batches, B) f32, weights in Keras's order."""

    def __init__(self, setup):
        self.task = setup["task"]
        self.H, self.B, self.T = setup["H"], setup["B"], setup["T"]
        self.V, self.E = setup["V"], setup["E"]
        self.dropout = setup["dropout"]
        self.batches = setup["batches"]
        self.ids = np.fromfile(setup["ids"], "<i4").reshape(self.batches, self.B, self.T)
        self.labels = np.fromfile(setup["labels"], "<f4").reshape(self.batches, self.B)
        H, E = self.H, self.E
        shapes = [(self.V, E), (E, 4 * H), (H, 4 * H), (4 * H,), (H, 4 * H), (H, 4 * H), (4 * H,), (H, 1), (1,)]
        flat = np.fromfile(setup["weights"], "<f4")
        self.weights = []
        for shape in shapes:
            size = int(np.prod(shape))
            self.weights.append(flat[:size].reshape(shape).copy())
            flat = flat[size:]


def serve(name, prepare):
    """`prepare(case)` gives (predict, train): predict(i) an array (B), train(i) the loss before the step."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is none of the protocol's

    def answer(value):
        out.write(json.dumps(value) + "\n")
        out.flush()

    answer({"name": name})
    predict = train = task = None
    following = 0
    for line in sys.stdin:
        request = json.loads(line)
        if "setup" in request:
            case = Case(request["setup"])
            task, following = case.task, 0
            predict, train = prepare(case)
            answer({})
        elif "check" in request:
            predictions = np.asarray(predict(0), dtype="float64").reshape(-1).tolist()
            answer({"predictions": predictions, "losses": [float(train(i)) for i in range(request["check"]["losses"])]})
        else:
            ms = []
            for i in range(following, following + request["run"]):
                index = i % case.batches
                start = time.perf_counter()
                train(index) if task == "train" else predict(index)
                ms.append((time.perf_counter() - start) * 1000)
            following += request["run"]
            answer({"ms": ms})
