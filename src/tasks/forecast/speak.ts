/** What a model of a forecaster, the network or one beside it, says of windows; and intervals about that. */
import type { SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { Runtime } from "../../index.ts";
import { sayBaseline } from "./baselines.ts";
import type { Breath } from "./breath.ts";
import { checkColumns, namesIn, seriesName } from "./columns.ts";
import { type Frame, frameOf, learnScales } from "./frame.ts";
import { type Anchors, anchorsOf, Errors } from "./intervals.ts";
import { Cutter } from "./network.ts";
import { type Origins, placeOf } from "./parts.ts";
import type { KeptErrors, Known, Learnt } from "./record.ts";
import type { ForecastModel } from "./report.ts";
import { toOwnUnit } from "./scores.ts";

/** Series as the models read them. */
export interface Scene {
  readonly plain: readonly Frame[];
  /** Where the network or the ridge is on logarithms. */
  readonly log: readonly Frame[] | null;
  /** Of each series the first row that the network was not trained on. */
  readonly unseen: readonly number[];
  /** Series that were not there when it was trained. */
  readonly strangers: readonly string[];
  /** Whether it is the end that a file keeps: its errors are all of before, and its rows are not numbered from the first. */
  readonly isTail?: boolean;
}

/**
 * A set as a trained forecaster reads it: by the scales that it learnt, or of a series that it does not know by those of its
 * first rows.
 *
 * @param rowsBefore of a series of so many rows those that are known at the first origin
 * @throws BAD_SERIES for a set that does not fit
 */
export async function sceneOf(
  kit: Runtime,
  facts: Learnt,
  set: SeriesSet,
  rowsBefore: (length: number) => number,
): Promise<Scene> {
  const { columns, layout, normalization, ridge, frequency, timeZone } = facts;
  checkColumns(set, namesIn(columns));
  const [own, wanted] = [set.frequency, frequency].map((one) => one && `${one.every} ${one.unit}`);
  if (own !== wanted) {
    const say = (found: string | null | undefined) => (found ? `rows of ${found}` : "numbered rows");
    throw new LstmkitError(
      "BAD_SERIES",
      `the data have ${say(own)}; the forecaster was trained on ${say(wanted)}. Give rows like those.`,
    );
  }
  const needsLog = normalization.log || ridge.log;
  const plain: Frame[] = [];
  const log: Frame[] = [];
  const unseen: number[] = [];
  const strangers: string[] = [];
  for (const series of set.series) {
    const known = Object.hasOwn(facts.series, series.id) ? facts.series[series.id] : undefined;
    if (!known) strangers.push(series.id);
    const scales = known?.scales ?? (await learnScales(kit, series, columns, rowsBefore(series.length)));
    if (needsLog && !scales.log) {
      throw new LstmkitError(
        "BAD_SERIES",
        `${seriesName(series.id)} has targets that are not above 0; the forecaster was trained on logarithms. Train one with normalization: "last", or on such data.`,
      );
    }
    const times = { frequency, timeZone };
    plain.push(await frameOf(kit, times, series, columns, scales, { log: false, ahead: layout.horizon }));
    if (needsLog) {
      log.push(await frameOf(kit, times, series, columns, scales, { log: true, ahead: layout.horizon }));
    }
    if (!known) unseen.push(0);
    else if (series.times) unseen.push(placeOf(series.times, series.length, known.trainedTo));
    else unseen.push(Math.min(series.length, known.trainedTo));
  }
  return { plain, log: needsLog ? log : null, unseen, strangers };
}

/** Which model is meant, and how it speaks. */
export interface Speaker {
  readonly name: ForecastModel;
  readonly log: boolean;
  /** Numbers for each step and target, of which anchors choose. */
  readonly outputs: number;
  readonly frames: readonly Frame[];
  /** In the scale of the frames: (origins, steps · targets, outputs). */
  say(origins: Origins): Promise<Float64Array>;
}

export function speakerOf(
  { model, facts }: Known<Learnt>,
  scene: Scene,
  name: ForecastModel,
  breath: Breath,
  signal?: AbortSignal,
): Speaker {
  const { layout, normalization, gain, ridge, quantiles, season } = facts;
  const { horizon, targets } = layout;
  if (name === "network") {
    const frames = normalization.log ? scene.log! : scene.plain;
    const outputs = quantiles?.length ?? 1;
    const cutter = new Cutter(frames, {
      layout: { ...layout, center: normalization.center },
      ridge: normalization.linear ? ridge.ridge : null,
      gain,
    });
    const say = (origins: Origins) => cutter.forecasts(model, origins, outputs, breath, signal);
    return { name, log: normalization.log, outputs, frames, say };
  }
  if (name === "ridge") {
    const frames = ridge.log ? scene.log! : scene.plain;
    const cutter = new Cutter(frames, {
      layout: { ...layout, center: ridge.center },
      ridge: ridge.ridge,
      gain: 1,
    });
    const say = (origins: Origins) => cutter.forecasts(null, origins, 1, breath);
    return { name, log: ridge.log, outputs: 1, frames, say };
  }
  const each = horizon * targets;
  const say = async (origins: Origins) => {
    const out = new Float64Array(origins.at.length * each);
    for (let i = 0; i < origins.at.length; i++) {
      const frame = scene.plain[origins.series[i]!]!;
      sayBaseline(name, frame, origins.at[i]!, { season, window: layout.window, horizon }, out, i * each);
      if (breath.isDue) await breath.take();
    }
    return out;
  };
  return { name, log: false, outputs: 1, frames: scene.plain, say };
}

/** How a speaker's intervals lie. */
export const anchorsFor = (speaker: Speaker, facts: Learnt, levels: readonly number[]): Anchors =>
  anchorsOf(levels, speaker.name === "network" ? facts.quantiles : null);

/** Forecasts with their intervals, in the data's own unit. */
export interface Said {
  /** (origins, steps · targets) */
  readonly values: Float64Array;
  /** (origins, steps · targets, levels, lower and upper); null where no errors are known to make them of. */
  readonly bounds: Float64Array | null;
}

/** Errors of one's own from which on those of training are not asked. */
const ENOUGH = 20;

/** Forecasts of one series from rising origins, each with intervals by the errors that were known by then. */
export async function sayRolling(
  kit: Runtime,
  speaker: Speaker,
  facts: Learnt,
  scene: Scene,
  series: number,
  wanted: Int32Array,
  levels: readonly number[],
  breath: Breath,
): Promise<Said> {
  const { layout, calibration, needed } = facts;
  const { horizon, targets } = layout;
  const { frames, outputs, log } = speaker;
  const frame = frames[series]!;
  const each = horizon * targets;
  const anchors = anchorsFor(speaker, facts, levels);
  const first = Math.max(needed, scene.unseen[series]!, wanted[0]! - horizon - calibration + 1);
  const before = levels.length === 0 ? 0 : Math.max(0, wanted.at(-1)! - horizon - first + 1);
  const dense = Array.from({ length: before }, (_, i) => first + i);
  const at = Int32Array.from([...new Set([...dense, ...wanted])].sort((a, b) => a - b));
  const said = await speaker.say({ series: new Int32Array(at.length).fill(series), at });
  const errors = new Errors(layout, outputs, calibration);
  if (speaker.name === "network" && dense.length < ENOUGH && levels.length > 0) {
    for (const { lists } of keptFor(frame, scene, facts, wanted[0]!)) errors.addLists(lists);
  }
  const hasKept = errors.count > 0; // those of its own are among them
  const hasBounds = dense.length > 0 || errors.count > 0;
  const values = new Float64Array(wanted.length * each);
  const bounds = new Float64Array(wanted.length * each * levels.length * 2);
  let [next, w] = [0, 0];
  for (let i = 0; i < at.length && w < wanted.length; i++) {
    if (at[i] !== wanted[w]) continue;
    for (; next < at.length && at[next]! + horizon <= at[i]!; next++) {
      const origin = at[next]!;
      if (origin < first || hasKept) continue;
      errors.add(
        said,
        next * each * outputs,
        (place) => frame.targets[place % targets]![origin + Math.floor(place / targets)]!,
      );
    }
    const from = i * each * outputs;
    for (let place = 0; place < each; place++) {
      values[w * each + place] = said[from + place * outputs + anchors.middle]!;
    }
    if (errors.count > 0) errors.bounds(said, from, anchors, bounds, w * each * levels.length * 2);
    else bounds.fill(Number.NaN, w * each * levels.length * 2, (w + 1) * each * levels.length * 2);
    w++;
    if (breath.isDue) await breath.take();
  }
  const origins = { series: new Int32Array(wanted.length).fill(series), at: wanted };
  const own = (numbers: Float64Array, per: number) =>
    toOwnUnit(kit, frames, origins, numbers, { log, per, targets });
  return {
    values: await own(values, 1),
    bounds: hasBounds ? await own(bounds, levels.length * 2) : null,
  };
}

/** Errors that a file keeps, for a series with few of its own: of that series, or else of all; none that was not known yet. */
function keptFor(
  { id, times }: Frame,
  { isTail }: Scene,
  { errors }: Learnt,
  origin: number,
): readonly KeptErrors[] {
  const isKnown = ({ id: of, knownTo }: KeptErrors) => {
    if (times) return times[origin - 1]! >= knownTo;
    return isTail === true || of !== id || origin >= knownTo; // rows of two series have no order
  };
  const known = errors.filter(isKnown);
  const own = known.find((kept) => kept.id === id && kept.lists[0]!.length >= ENOUGH);
  return own ? [own] : known;
}
