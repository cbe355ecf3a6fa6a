/** Batches that can be begun anywhere: a fit that was stopped asks for no batch again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type BatchSource,
  type CheckpointStore,
  createRuntime,
  type FitOptions,
  LstmkitError,
  type Runtime,
  type SampleBatch,
  spawnRuntime,
} from "../../src/node.ts";
import { smallData, smallModel, T } from "./small-job.ts";

let here: Runtime;
let away: Runtime;
beforeAll(async () => {
  [here, away] = await Promise.all([createRuntime(), spawnRuntime()]);
});
afterAll(() => Promise.all([here, away].map((kit) => kit.close())));

const SIZE = 8;
const { x, y } = smallData(52);
const BATCHES = Math.ceil(52 / SIZE);

/** Another order each pass, and a note of what was asked for. */
class Source implements BatchSource {
  readonly batches = BATCHES;
  readonly begun: number[][] = [];
  made = 0;
  /** Told before each. */
  onMake: (made: number) => void = () => {};
  readonly fingerprint: string;
  constructor(fingerprint = "fifty-two samples") {
    this.fingerprint = fingerprint;
  }
  *begin(pass: number, from: number): Generator<SampleBatch> {
    this.begun.push([pass, from]);
    for (let b = from; b < BATCHES; b++) {
      this.onMake(++this.made);
      const count = Math.min(SIZE, 52 - b * SIZE);
      const rows = Array.from({ length: count }, (_, i) => (b * SIZE + i + pass * 5) % 52);
      yield [
        {
          data: Int32Array.from(rows.flatMap((row) => Array.from(x.data.slice(row * T, row * T + T)))),
          shape: [count, T],
        },
        rows.map((row) => y.data[row]!),
      ];
    }
  }
}

function inMemory(): CheckpointStore {
  let kept: Uint8Array[] = [];
  return {
    read: async () => kept,
    write: async (bytes) => {
      kept = [bytes];
    },
    clear: async () => {
      kept = [];
    },
  };
}

const isAbort = (error: unknown) => error instanceof LstmkitError && error.code === "ABORTED";

describe.each(["here", "away"] as const)("a source of batches, %s", (where) => {
  const kit = () => (where === "here" ? here : away);
  const options = (more: FitOptions = {}): FitOptions => ({ epochs: 3, ...more });

  async function whole() {
    const model = await smallModel(kit());
    const { history } = await model.fit(new Source(), options({ validationData: new Source() }));
    return { history, digest: await model.digest() };
  }

  test("trains as the same batches of a function do, and says how many there are at once", async () => {
    const seen: number[] = [];
    const model = await smallModel(kit());
    const source = new Source();
    const { history } = await model.fit(source, {
      epochs: 1,
      validationData: source,
      onBatchEnd: (_, { batches }) => void seen.push(batches),
    });
    expect(new Set(seen)).toEqual(new Set([BATCHES]));
    const other = await smallModel(kit());
    const functions = (pass: number) => new Source().begin(pass, 0);
    const found = await other.fit(functions, { epochs: 1, validationData: functions });
    expect(found.history).toEqual(history);
    expect(await other.digest()).toBe(await model.digest());
    expect(await other.evaluate(source)).toEqual(await other.evaluate(functions));
  });

  test.each([2, 3, 5, BATCHES])(
    "stopped after every %d batches it goes on in the middle, with the bits of a run without a break",
    async (every) => {
      const store = inMemory();
      const began: number[][] = [];
      let made = 0;
      for (;;) {
        const model = await smallModel(kit());
        const source = new Source();
        const stop = new AbortController();
        source.onMake = (made) => {
          if (made > every) stop.abort(); // one is made ahead of the work
        };
        try {
          const { history } = await model.fit(
            source,
            options({
              validationData: new Source(),
              checkpoint: { store, every: 1000, resume: true },
              signal: stop.signal,
            }),
          );
          expect({ history, digest: await model.digest() }).toEqual(await whole());
          break;
        } catch (error) {
          if (!isAbort(error)) throw error;
        } finally {
          began.push(...source.begun.slice(0, 1));
          made += source.made;
          await model.dispose();
        }
      }
      // Each piece begins behind the one before; of each stop two batches at most were made and not done.
      const starts = began.map(([pass = 0, from = 0]) => pass * BATCHES + from);
      expect(starts.length).toBeGreaterThan(1);
      expect(starts[0]).toBe(0);
      for (const [i, start] of starts.slice(1).entries()) expect(start).toBeGreaterThan(starts[i]!);
      expect(made).toBeLessThanOrEqual(3 * BATCHES + 2 * began.length);
    },
    30_000,
  );

  test("another fingerprint is another run", async () => {
    const store = inMemory();
    const stop = new AbortController();
    const first = await smallModel(kit());
    await first
      .fit(
        new Source(),
        options({ checkpoint: { store, every: 1 }, signal: stop.signal, onBatchEnd: () => stop.abort() }),
      )
      .catch((error) => expect(isAbort(error)).toBe(true));
    const other = await smallModel(kit());
    const fit = other.fit(new Source("others"), options({ checkpoint: { store, resume: true } }));
    await expect(fit).rejects.toThrow(
      /BAD_CHECKPOINT.*the training data was fifty-two samples there and is others/,
    );
  });

  test("a source whose begin gives no iterable is refused", async () => {
    const model = await smallModel(kit());
    const source = { begin: () => 5 } as unknown as BatchSource;
    await expect(model.fit(source)).rejects.toThrow(
      /BAD_ARGUMENT: the source of batches gave 5; wanted an iterable/,
    );
  });
});

test.each(["here", "away"] as const)(
  "batches that cannot be begun anywhere are gone through to the place, %s",
  async (where) => {
    const store = inMemory();
    let made = 0;
    let most = Infinity;
    let stop = new AbortController();
    const functions = (pass: number) =>
      (function* () {
        for (const batch of new Source().begin(pass, 0)) {
          if (++made > most) stop.abort();
          yield batch;
        }
      })();
    const run = async (more: FitOptions) => {
      const model = await smallModel(where === "here" ? here : away);
      await model.fit(functions, { epochs: 1, ...more });
      return model.digest();
    };
    const wanted = await run({});
    [made, most, stop] = [0, 4, new AbortController()];
    const stopped = run({ checkpoint: { store, every: 1 }, signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({ code: "ABORTED" });
    [made, most] = [0, Infinity];
    expect(await run({ checkpoint: { store, resume: true } })).toBe(wanted);
    expect(made).toBe(BATCHES);
    const model = await smallModel(where === "here" ? here : away);
    const fewer = model.fit(() => [...new Source().begin(0, 0)].slice(0, 1), {
      epochs: 1,
      checkpoint: { store, resume: true },
    });
    await expect(fewer).rejects.toThrow(
      /BAD_CHECKPOINT: pass 0 through the batches has 1; the run .* had taken [34]/,
    );
  },
);
