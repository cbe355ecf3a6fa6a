/** What the jobs that are measured as whole processes share: the arrays' files, and the report. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** @param {string} folder with Keras's arrays, cut and padded to 80 words */
export async function readArrays(folder) {
  const T = 80;
  const read = async (part) => {
    const [ids, labels] = await Promise.all(
      [`x_${part}.u16`, `y_${part}.u8`].map((name) => readFile(join(folder, name))),
    );
    const x = new Uint16Array(new Uint8Array(ids).buffer);
    return [
      { data: x, shape: [x.length / T, T] },
      { data: new Uint8Array(labels), shape: [labels.length] },
    ];
  };
  return { train: await read("train"), test: await read("test") };
}

/** One line of JSON, with the process's own CPU seconds and peak of resident memory. */
export async function report(results) {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  // maxRSS may be that of the process it was forked from; VmHWM is of this program alone.
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kib = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? maxRSS);
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  process.stdout.write(`${JSON.stringify({ ...results, cpuSeconds, peakMiB: kib / 1024 })}\n`);
}
