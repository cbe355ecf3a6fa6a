/**
 * What a forecaster chooses: what it reads beside the window, the normalisation, and how much a network may add to a ridge.
 * Of candidates that do about as well it is the simplest. Nothing here sees the test part.
 */
import type { Frame } from "./frame.ts";
import {
  CHOOSE_BY,
  cutterOf,
  framesOf,
  measured,
  outputOf,
  type Study,
  type Trained,
  trainOne,
} from "./learn.ts";
import { originsUntil, originsWithin, thinned } from "./parts.ts";
import type { Candidate } from "./report.ts";
import { type Ridge, RidgeSums, readCost, ridgeCost, solveCost } from "./ridge.ts";
import type { Center, Normalization } from "./settings.ts";
import { Windows } from "./windows.ts";

/** What is read of the rows to come beside the columns of the data. */
export interface Extras {
  readonly calendar: boolean;
  readonly lags: boolean;
}

/** Shares of the number of windows that a ridge is tried with. */
const PENALTIES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1];
/** Multiply-adds that ridges may take, all together: to learn from windows, to be solved, and to forecast. Some seconds each. */
const MOST_LEARNING = 5e9;
const MOST_SOLVING = 5e9;
const MOST_JUDGING = 2e9;
/** Centers of which a network is tried by itself: those that do best by a ridge. */
const FINALISTS = 2;
/** Of what is more than the simplest it is asked that its error is less by such a share. */
const MARGIN = 0.02;
/** Mean squared errors of standardised numbers below this are none. */
const NO_ERROR = 1e-9;

/**
 * The simplest of candidates that do about as well as the best: the first whose error is within the margin. Errors are those
 * of several stretches, each by the least that any candidate had there, so that no stretch counts for more than another.
 *
 * @param errors of each candidate, of each stretch; the simplest candidate first
 */
export function simplest(errors: readonly (readonly number[])[]): number {
  const means = relative(errors);
  const least = Math.min(...means);
  return means.findIndex((own) => own <= (1 + MARGIN) * least);
}

/** The mean error of each candidate over stretches, by the least in each. */
function relative(errors: readonly (readonly number[])[]): number[] {
  const least = errors[0]!.map((_, s) => Math.min(...errors.map((own) => own[s]!)));
  return errors.map((own) => mean(own.map((error, s) => (error + NO_ERROR) / (least[s]! + NO_ERROR))));
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** A normalisation and what is read, with its best ridge. */
export interface Screened {
  readonly center: Center;
  readonly log: boolean;
  readonly extras: Extras;
  /** Learnt from the training part. */
  readonly ridge: Ridge;
  /** Mean squared errors, standardised, of each stretch: of ridges learnt from the rows before. */
  readonly errors: readonly number[];
}

/** The study as it is where not all is read. */
export function reading(study: Study, { calendar, lags }: Extras): Study {
  const { plain, log } = study.frames;
  const without = (frame: Frame): Frame => {
    const [from, to] = frame.calendar;
    return calendar || to === from
      ? frame
      : { ...frame, known: frame.known.filter((_, i) => i < from || i >= to), calendar: [from, from] };
  };
  const frames = { plain: plain.map(without), log: log?.map(without) ?? null };
  const { layout } = study;
  return {
    ...study,
    frames,
    layout: { ...layout, known: frames.plain[0]!.known.length, lags: lags ? layout.lags : [] },
  };
}

/** Which of the numbers of a step are read: as reading() leaves them, counted among all. */
export function numbersOf({ frames, layout }: Study, { calendar, lags }: Extras): number[] {
  const [from, to] = frames.plain[0]!.calendar;
  const all = Array.from({ length: layout.known + layout.lags.length * layout.targets }, (_, i) => i);
  return all.filter((i) => (i < layout.known ? calendar || i < from || i >= to : lags));
}

/** All choices of what to read that differ. @param may whether it may be left out */
export function choicesOf({ frames, layout }: Study, may: Extras): Extras[] {
  const [from, to] = frames.plain[0]!.calendar;
  const either = (is: boolean, free: boolean) => (is ? (free ? [false, true] : [true]) : [false]);
  return either(to > from, may.calendar).flatMap((calendar) =>
    either(layout.lags.length > 0, may.lags).map((lags) => ({ calendar, lags })),
  );
}

/**
 * Ridges of these normalisations and choices of what to read, each fitted anew on what lies before each stretch before the
 * validation part. Scales are those of the training part, which a ridge does not depend on.
 */
export async function screen(
  study: Study,
  normalizations: readonly Pick<Normalization, "center" | "log">[],
  choices: readonly Extras[],
): Promise<Screened[]> {
  const { breath, stretches, needed } = study;
  const { horizon } = study.layout;
  const numbers = choices.map((extras) => numbersOf(study, extras));
  const studies = choices.map((extras) => reading(study, extras));
  const found: Screened[] = [];
  const last = stretches.edges.length - 1;
  const ridges = PENALTIES.length * choices.length * normalizations.length;
  const judging = Math.floor(MOST_JUDGING / (ridges * readCost({ ...study.layout, center: "last" })));
  const most = Math.ceil(Math.max(256, Math.min(CHOOSE_BY, judging)) / last);
  const origins = originsWithin(stretches.edges, { needed, horizon, most });
  for (const { center, log } of normalizations) {
    const layout = { ...study.layout, center };
    const sums = new RidgeSums(layout);
    const windows = new Windows(framesOf(study, log), layout);
    const learning = normalizations.length * ridgeCost(layout);
    const train = thinned(study.train, Math.max(256, Math.floor(MOST_LEARNING / learning)));
    const solving = PENALTIES.length * normalizations.length * solveCost(layout, choices.length);
    const earliest = Math.max(0, stretches.earlier - Math.floor(MOST_SOLVING / solving) + 1);
    const errors = choices.map(() => PENALTIES.map((): number[] => []));
    let solved: Ridge[][] = [];
    for (let from = earliest; from <= stretches.earlier; from++) {
      const before = from === earliest ? undefined : stretches.edges[from - 1];
      await sums.add(windows, originsUntil(train, horizon, stretches.edges[from]!, before), breath);
      solved = [];
      for (const penalty of PENALTIES) solved.push(await sums.solve(penalty, numbers, breath));
      const to = from < stretches.earlier ? from + 1 : last;
      for (const [c, own] of studies.entries()) {
        for (const p of PENALTIES.keys()) {
          const cutter = cutterOf(own, { center, log }, solved[p]![c]!, 1);
          for (const some of origins.slice(from, to)) {
            if (some.at.length === 0) continue;
            const said = await cutter.forecasts(null, some, 1, breath);
            errors[c]![p]!.push((await measured(own, log, some, said)).mse);
          }
        }
      }
    }
    for (const [c, extras] of choices.entries()) {
      const means = relative(errors[c]!);
      const best = means.indexOf(Math.min(...means));
      found.push({ center, log, extras, ridge: solved[best]![c]!, errors: errors[c]![best]! });
    }
  }
  return found;
}

/**
 * Of what is to be read, and whether on logarithms: the ridge that is taken, and those of the other centers, best first. What
 * reads less is simpler, then what takes no logarithms, then the center that was named first.
 */
export function chosenOf(screened: readonly Screened[]): Screened[] {
  const size = ({ ridge, log }: Screened) => ridge.weights.length + (log ? 0.5 : 0);
  const inOrder = [...screened].sort((a, b) => size(a) - size(b));
  const means = relative(inOrder.map(({ errors }) => errors));
  const taken = inOrder[simplest(inOrder.map(({ errors }) => errors))]!;
  const others = [...inOrder.entries()]
    .filter(([, one]) => one !== taken && one.extras === taken.extras && one.log === taken.log)
    .sort(([a], [b]) => means[a]! - means[b]!);
  return [taken, ...others.map(([, one]) => one)];
}

const readsLess = (a: Extras, b: Extras) => (b.calendar && !a.calendar) || (b.lags && !a.lags);

/**
 * Which normalisation to train on, by short trainings: of a network on top of the best ridge; of networks alone, with the
 * centers that did best by a ridge; and of one that reads all, where ridges made little of it. Best first.
 *
 * @param screened of all
 * @param ranked those of what is to be read, best first
 */
export async function search(
  study: Study,
  screened: readonly Screened[],
  ranked: readonly Screened[],
  output: number,
): Promise<{ readonly chosen: Screened; readonly linear: boolean; readonly candidates: Candidate[] }> {
  const [first] = ranked as [Screened];
  const richest = screened.find(
    ({ center, log, extras }) =>
      center === first.center &&
      log === first.log &&
      readsLess(first.extras, extras) &&
      !screened.some((other) => readsLess(extras, other.extras)),
  );
  const finalists = [
    { ...first, linear: true },
    ...ranked.slice(0, FINALISTS).map((one) => ({ ...one, linear: false })),
    ...(richest ? [{ ...richest, linear: true }] : []),
  ];
  const epochs = Math.max(2, Math.ceil(study.epochs / 6));
  const errors: number[][] = [];
  for (const [candidate, { center, log, linear, ridge, extras }] of finalists.entries()) {
    const { run } = study.hooks;
    const stage = `search ${candidate}`;
    const known = run.outcome(stage)?.values.errors as number[] | undefined;
    if (known) {
      errors.push(known);
      continue;
    }
    const normalization = { center, log, linear };
    const trained = await trainOne(reading(study, extras), normalization, ridge, {
      ...{ stage: "search", epochs, candidate, candidates: finalists.length },
    });
    try {
      const own = await errorsOf(reading(study, extras), trained, normalization, ridge, output, 1);
      run.done(stage, { values: { errors: own } });
      errors.push(own);
    } finally {
      await trained.model.dispose();
    }
  }
  const taken = simplest(errors);
  const tried = finalists.map((one, i) => ({ one, network: mean(errors[i]!) }));
  const others = tried.filter((_, i) => i !== taken).sort((a, b) => a.network - b.network);
  const rest = screened
    .filter((one) => !finalists.some(({ ridge }) => ridge === one.ridge))
    .map((one) => ({ one: { ...one, linear: false }, network: null }))
    .sort((a, b) => mean(a.one.errors) - mean(b.one.errors));
  return {
    candidates: [tried[taken]!, ...others, ...rest].map(({ one, network }) => candidateOf(one, network)),
    chosen: finalists[taken]!,
    linear: finalists[taken]!.linear,
  };
}

export const candidateOf = (
  { center, log, linear, extras, errors }: Screened & { readonly linear: boolean },
  network: number | null,
): Candidate => ({ center, log, linear, ...extras, ridge: mean(errors), network });

/** Mean squared errors of a network on the pieces of the validation part. @param share of what it adds */
async function errorsOf(
  study: Study,
  { model, gain }: Trained,
  normalization: Normalization,
  ridge: Ridge,
  output: number,
  share: number,
): Promise<number[]> {
  const { stretches, needed, breath, hooks, shape } = study;
  const { horizon } = study.layout;
  const most = Math.ceil(CHOOSE_BY / (stretches.pieces.length - 1));
  const cutter = cutterOf(study, normalization, ridge, gain * share);
  const errors: number[] = [];
  for (const some of originsWithin(stretches.pieces, { needed, horizon, most })) {
    if (some.at.length === 0) continue;
    const said = await cutter.forecasts(
      share === 0 ? null : model,
      some,
      share === 0 ? 1 : shape.outputs,
      breath,
      hooks.signal,
    );
    const values = share === 0 ? said : outputOf(said, shape.outputs, output);
    errors.push((await measured(study, normalization.log, some, values)).mse);
  }
  return errors;
}

/** How much of what a network adds to a ridge is taken: none, half (the mean of both forecasts) or all. */
const SHARES = [0, 0.5, 1];

/** The share by the validation part; the less the better, where it does as well. */
export async function shareOf(
  study: Study,
  trained: Trained,
  normalization: Normalization,
  ridge: Ridge,
): Promise<number> {
  if (!normalization.linear || study.shape.outputs > 1) return 1;
  const errors: number[][] = [];
  for (const share of SHARES) errors.push(await errorsOf(study, trained, normalization, ridge, 0, share));
  return SHARES[simplest(errors)]!;
}
