/** From a set to a forecaster: a plan, what is chosen, the training, and how it did. */

import { counted } from "../../data/series/places.ts";
import type { Series, SeriesSet } from "../../data/series/series.ts";
import { LstmkitError } from "../../errors.ts";
import type { Runtime } from "../../index.ts";
import { Breath } from "./breath.ts";
import type { ForecastHooks } from "./calls.ts";
import {
  candidateOf,
  choicesOf,
  chosenOf,
  reading,
  type Screened,
  screen,
  search,
  shareOf,
} from "./choose.ts";
import { type Columns, namesIn } from "./columns.ts";
import { rowsToShow } from "./forecast.ts";
import { knownRows } from "./frame.ts";
import { baselinesOf, errorsOf, fewErrors, leftOut, partOf, sampled, scoresBy, test } from "./judge.ts";
import { CHOOSE_BY, trainOne } from "./learn.ts";
import { thinned } from "./parts.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Known, Learnt, SeriesFacts } from "./record.ts";
import type { Candidate, ForecastModel } from "./report.ts";
import type { Center, ForecasterOptions, Normalization } from "./settings.ts";
import type { Scene } from "./speak.ts";
import { decoderWidth } from "./windows.ts";

/** @throws BAD_SERIES, BAD_ARGUMENT, ABORTED, OUT_OF_MEMORY, THREAD_FAILED */
export async function study(
  kit: Runtime,
  options: ForecasterOptions,
  set: SeriesSet,
  hooks: ForecastHooks,
): Promise<Known> {
  const breath = new Breath(hooks.signal);
  const plan = await planOf(kit, options, set, hooks, breath);
  const { given, places, own, scales, quantiles } = plan;
  const { horizon } = given;
  const { chosen, candidates, linear } = await choose(plan);
  const { center, log, extras, ridge } = chosen;
  const normalization: Normalization = { center, log, linear };
  const job = reading(plan.study, extras);
  const { layout, frames, train, validation, needed } = job;
  const columns: Columns = { ...plan.columns, calendar: extras.calendar ? plan.columns.calendar : [] };
  const trained = await trainOne(job, normalization, ridge, {
    ...{ stage: "train", epochs: job.epochs, candidate: 0, candidates: 1 },
  });
  const { model } = trained;
  try {
    const share = await shareOf(job, trained, normalization, ridge);
    const scene: Scene = { ...frames, unseen: own.map(({ cut }) => cut.validation), strangers: [] };
    const facts: Omit<Learnt, "season" | "errors"> = {
      ...{ columns, layout, needed, normalization, quantiles },
      frequency: set.frequency,
      timeZone: set.timeZone,
      gain: trained.gain * share,
      ridge: { center, log, ridge },
      levels: given.levels,
      calibration: given.calibration,
      series: Object.fromEntries(
        own.map(({ series, cut }, s): [string, SeriesFacts] => [
          series.id,
          { scales: scales[s]!, trainedTo: trainedTo(series, cut.validation) },
        ]),
      ),
      tail: tailOf(set, columns, Math.max(needed, rowsToShow(layout)), horizon),
    };
    const baselines = await baselinesOf(
      kit,
      model,
      { ...facts, season: 0, errors: [] },
      scene,
      validation,
      places.seasons,
      breath,
    );
    const season = baselines.find(({ name }) => name === "seasonal")?.season ?? 0;
    const known: Known<Learnt> = { model, facts: { ...facts, season, errors: [] } };
    const valScores = await scoresBy(kit, known, scene, "network", thinned(validation, CHOOSE_BY), breath);
    const errors = await errorsOf(
      known,
      scene,
      own.map(({ series, cut }) => ({ from: cut.validation, to: series.length })),
      breath,
    );
    const tested = await test(kit, known, scene, own, breath);
    const all = [
      { name: "network" as ForecastModel, mse: valScores.mse },
      ...baselines.map(({ name, validation: { mse } }) => ({ name: name as ForecastModel, mse })),
    ];
    const report = {
      series: set.series.length,
      columns: {
        ...{ target: columns.target, known: columns.known, past: columns.past, calendar: columns.calendar },
        holidays: columns.holidays?.country ?? null,
        lags: layout.lags,
      },
      frequency: set.frequency,
      ...{ horizon, window: layout.window },
      seasons: places.seasons,
      parts: {
        train: partOf(own, train, ({ validation: to }) => [0, to]),
        validation: partOf(own, validation, ({ validation: from, test: to }) => [from, to]),
        test: tested ? partOf(own, tested.origins, ({ test: from }, length) => [from, length]) : null,
      },
      ...{ normalization, candidates },
      network: {
        ...{ cell: given.cell, units: job.shape.units, layers: given.layers },
        decoder: decoderWidth({ ...layout, center }) > 0,
        parameters: await model.countParams(),
        loss: quantiles ? "quantile" : given.loss,
        batchSize: job.batchSize,
        share,
      },
      history: trained.history,
      bestEpoch: trained.bestEpoch,
      validation: valScores,
      test: tested?.report ?? null,
      baselines: baselines.map((one) => ({ ...one, test: tested?.baselines[one.name] ?? null })),
      best: all.reduce((a, b) => (b.mse < a.mse ? b : a)).name,
      findings: [
        ...set.findings,
        ...leftOut(set.series.length - own.length),
        ...fewErrors(Math.min(...errors.map(({ lists }) => lists[0]!.length)), given.levels, horizon),
        ...sampled(job.perEpoch, train.at.length),
      ],
      digest: await model.digest(),
    };
    return { model, facts: { ...facts, season, errors, report } };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** What is read, the normalisation with its ridge, and whether a network is trained on top of that; and what else was tried. */
async function choose({ given, study, quantiles, mayDrop }: Plan): Promise<{
  readonly chosen: Screened;
  readonly linear: boolean;
  readonly candidates: readonly Candidate[];
}> {
  const { season, window } = study.layout;
  const choices = choicesOf(study, mayDrop);
  const { normalization } = given;
  if (normalization !== "auto") {
    const fixed: Normalization =
      typeof normalization === "string"
        ? { center: normalization, log: false, linear: false }
        : { center: "last", log: false, linear: false, ...normalization };
    if (fixed.center === "seasonal" && (season === 0 || season > window)) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `normalization is "seasonal", and ${season === 0 ? "no season is known" : `the season has ${counted(season, "row")}, the window ${window}`}. Give season, and a window as long.`,
      );
    }
    const screened = await screen(study, [fixed], choices);
    const [chosen] = chosenOf(screened) as [Screened];
    const { linear } = fixed;
    const others = screened.filter((one) => one !== chosen);
    const candidates = [chosen, ...others].map((one) => candidateOf({ ...one, linear }, null));
    return { chosen, linear, candidates };
  }
  const centers: Center[] = ["last", "mean", "revin", "none"];
  if (season > 0 && season <= window) centers.push("seasonal");
  const logs = study.frames.log ? [false, true] : [false];
  const tried = centers.flatMap((center) => logs.map((log) => ({ center, log })));
  const screened = await screen(study, tried, choices);
  const middle = quantiles ? quantiles.indexOf(0.5) : 0;
  return search(study, screened, chosenOf(screened), middle);
}

const trainedTo = ({ times, length }: Series, row: number): number =>
  times ? (row < length ? times[row]! : Number.MAX_SAFE_INTEGER) : row;

/** What a forecast without data looks back on. */
function tailOf(set: SeriesSet, columns: Columns, most: number, horizon: number): SeriesSet {
  const series = set.series.map((one): Series => {
    const from = Math.max(0, one.length - most);
    const to = Math.min(one.rows, one.length + horizon, knownRows(one, columns));
    const names = namesIn(columns).map((name) => [name, one.columns[name]!.slice(from, to)]);
    return {
      ...{ id: one.id, length: one.length - from, rows: to - from },
      times: one.times ? one.times.slice(from, to) : null,
      columns: Object.fromEntries(names),
    };
  });
  return { series, frequency: set.frequency, timeZone: set.timeZone, findings: [] };
}
