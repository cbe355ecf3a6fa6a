"""What the jobs that are measured as whole processes share: the arrays' files, and the report."""
import json
import os
import resource


def read_arrays(folder):
    """The files' bytes now, and a function that makes arrays of them, for a clock that starts in between."""

    def read(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    names = ("x_train.u16", "y_train.u8", "x_test.u16", "y_test.u8")
    x, y, xv, yv = (read(name) for name in names)

    def arrays():
        import numpy as np

        ids = lambda b: np.frombuffer(b, "<u2").reshape(-1, 80).astype("int32")
        labels = lambda b: np.frombuffer(b, "u1").astype("float32")[:, None]
        return ids(x), labels(y), ids(xv), labels(yv)

    return arrays


def report(**results):
    """One line of JSON, with the process's own CPU seconds and peak of resident memory."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    kib = usage.ru_maxrss
    try:
        # ru_maxrss may be that of the process it was forked from; this is of this program alone.
        with open("/proc/self/status") as status:
            kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        pass
    results |= {"cpuSeconds": usage.ru_utime + usage.ru_stime, "peakMiB": kib / 1024}
    print(json.dumps(results), flush=True)
