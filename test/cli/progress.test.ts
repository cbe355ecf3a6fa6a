import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { duration } from "../../src/cli/print.ts";
import {
  epochLine,
  fetchLine,
  LiveLine,
  liveStream,
  timePerStep,
  wrapParts,
} from "../../src/cli/progress.ts";

const HALF = {
  epoch: 2,
  epochs: 4,
  step: 98,
  steps: 196,
  msPerStep: 24.3,
  logs: { loss: 0.55123, accuracy: 0.7034 },
};

const terminal = (columns: number) =>
  Object.assign(new PassThrough(), { isTTY: true, columns }) as unknown as NodeJS.WriteStream & PassThrough;

describe("the progress line", () => {
  test("shows all of an epoch where there is room", () => {
    expect(epochLine(HALF, 110)).toBe(
      "Epoch 2/4 [===============>..............] 98/196 24ms/step 2s left loss 0.5512 acc 0.7034",
    );
  });

  test("leaves out the lesser parts in a narrow terminal, the step last", () => {
    expect(epochLine(HALF, 77)).toBe(
      "Epoch 2/4 [=========>.......] 98/196 24ms/step 2s left loss 0.5512 acc 0.7034",
    );
    expect(epochLine(HALF, 37)).toBe("98/196 2s left loss 0.5512 acc 0.7034");
    expect(epochLine(HALF, 30)).toBe("98/196 loss 0.5512 acc 0.7034");
    expect(epochLine(HALF, 9)).toBe("98/196");
  });

  test("is never longer than the columns, whatever they are", () => {
    for (let columns = 7; columns < 200; columns++) {
      for (const step of [1, 98, 195, 196]) {
        expect(epochLine({ ...HALF, step }, columns).length).toBeLessThanOrEqual(columns);
      }
    }
    for (let columns = 30; columns < 200; columns++) {
      expect(fetchLine(3_200_000, 17_464_789, columns).length).toBeLessThanOrEqual(columns);
    }
  });

  test("at the end of an epoch shows a full bar and no time left", () => {
    expect(epochLine({ ...HALF, step: 196 }, 80)).toMatch(/^Epoch 2\/4 \[=+\] 196\/196 24ms\/step loss/);
  });

  test("is drawn in place, leaves columns for an echoed ^C, and is cleared", () => {
    const stream = terminal(40);
    const live = new LiveLine(stream);
    live.draw((columns) => epochLine(HALF, columns));
    live.draw((columns) => epochLine({ ...HALF, step: 99 }, columns));
    live.clear();
    const written: string = stream.read().toString();
    expect(written).not.toContain("\n");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes are what is under test
    const lines = written.split(/\u001b(?:[78]|\[\??\d*[A-Za-z])/).filter((text) => text !== "");
    expect(lines).toEqual(["98/196 2s left loss 0.5512 acc 0.7034", "99/196 2s left loss 0.5512 acc 0.7034"]);
    expect(written.endsWith("\u001b[2K")).toBe(true);
  });

  test("goes to a terminal only, and not where a log is read or results come through a pipe", () => {
    const err = terminal(80);
    const out = terminal(80);
    const file = Object.assign(new PassThrough(), { isTTY: false }) as unknown as NodeJS.WriteStream;
    expect(liveStream({}, [err, out], false)).toBe(err);
    expect(liveStream({}, [file, out], false)).toBe(out);
    expect(liveStream({}, [file, file], false)).toBeNull();
    expect(liveStream({}, [err, file], true)).toBeNull();
    for (const env of [{ NO_COLOR: "1" }, { CI: "true" }, { TERM: "dumb" }]) {
      expect(liveStream(env, [err, out], false)).toBeNull();
    }
    expect(liveStream({ CI: "false", NO_COLOR: "", TERM: "xterm" }, [err, out], false)).toBe(err);
  });
});

describe("what is printed", () => {
  test("an epoch's numbers go over as many lines as the terminal asks for", () => {
    const parts = ["Epoch 1/4", "5.1s", "24ms/step", "loss: 0.5512", "accuracy: 0.7034"];
    expect(wrapParts(parts, Number.POSITIVE_INFINITY)).toBe(parts.join(" - "));
    expect(wrapParts(parts, 40)).toBe("Epoch 1/4 - 5.1s - 24ms/step\n  loss: 0.5512 - accuracy: 0.7034");
  });

  test("times have the unit that suits them", () => {
    expect([0, 8.44, 59.94, 59.96, 62, 3600, 7325].map(duration)).toEqual([
      "0.0s",
      "8.4s",
      "59.9s",
      "1m 00s",
      "1m 02s",
      "1h 00m 00s",
      "2h 02m 05s",
    ]);
    expect([0.34, 9.94, 9.96, 24.3, 999, 1540].map(timePerStep)).toEqual([
      "0.3ms/step",
      "9.9ms/step",
      "10ms/step",
      "24ms/step",
      "999ms/step",
      "1.5s/step",
    ]);
  });
});
