import { loadDigits } from "../data/load-sequences-node.ts";
import { ClassifyJobReport, runClassifyJob } from "./classify-job.ts";
import type { DemoRun } from "./demo-run.ts";
import { print } from "./print.ts";

/** Handwritten digits, row by row. @returns the exit code */
export async function demoClassify({ kit, seed, epochs, out, isJson, signal }: DemoRun): Promise<number> {
  const report = new ClassifyJobReport(isJson);
  signal.addEventListener("abort", () => report.stopping());
  try {
    const { train, test } = await loadDigits();
    const job = {
      name: "digits",
      train,
      test,
      options: { epochs: 15, ...epochs, seed },
      out,
      example: "digits.csv",
      isJson,
    };
    const { classifier, code } = await runClassifyJob(kit, job, report, signal);
    if (code !== 0 || isJson) return code;
    const [digit] = test.sequences as readonly Float64Array[];
    const [answer] = await classifier.predict({
      ...test,
      sequences: [digit!],
      targets: [test.targets[0]!],
      places: [test.places[0]!],
    });
    print("\nThe first digit of the test part, as the model reads it, a row a step:\n");
    const width = test.features.length;
    for (let at = 0; at < digit!.length; at += width)
      print(
        Array.from(digit!.subarray(at, at + width), shade)
          .join("")
          .trimEnd(),
      );
    print(
      `\nAnswer: ${answer!.labels[0]}, with a probability of ${answer!.confidences[0]!.toFixed(4)}; it is ${test.targets[0]}.`,
    );
    return code;
  } finally {
    report.close();
  }
}

const SHADES = " .:-=+*#%@";

const shade = (pixel: number) =>
  SHADES[Math.min(Math.floor(pixel * SHADES.length), SHADES.length - 1)]!.repeat(2);
