/** The training itself: the scaling that does best on the validation part, then all of the epochs with it. */
import type { Model, Runtime, StagedRun } from "../../index.ts";
import { type Encoding, encodeSet, longest } from "./encode.ts";
import { evaluatePart } from "./evaluate.ts";
import { calibrate, type LearnHooks, type LearnJob, type LearnPart, learn } from "./learn.ts";
import { majority } from "./measure.ts";
import { layersOf } from "./network.ts";
import type { Plan, PlanPart } from "./plan.ts";
import type { ClassifierFacts } from "./record.ts";
import type { ClassifyEvaluation, ClassifyReport, ClassifyStart } from "./report.ts";
import type { ScalingKind } from "./settings.ts";

/** What is left of a fit. */
export interface Trained {
  /** Null where it was aborted before there was anything to keep. */
  readonly model: Model | null;
  readonly report: ClassifyReport;
  readonly facts: Omit<ClassifierFacts, "report">;
  readonly aborted?: unknown;
}

export async function trainBest(
  kit: Runtime,
  plan: Plan,
  onStart: ((start: ClassifyStart) => void | Promise<void>) | undefined,
  hooks: LearnHooks,
  run: StagedRun,
): Promise<Trained> {
  const { labels, classes, counts, findings, test } = plan;
  const jobOf = (encoding: Encoding): LearnJob => {
    const encoded = (part: PlanPart): LearnPart => ({
      encoded: encodeSet(part.set, encoding, labels === "steps"),
      labels: part.labels,
    });
    const train = encoded(plan.train);
    return {
      settings: plan.settings(train.encoded.pieces.length),
      ...{ encoding, kind: labels, classes: classes.length, weights: plan.weights, train },
      validation: plan.validation && encoded(plan.validation),
    };
  };
  let job = jobOf(plan.encodings[0]!);
  const parameters = await countOf(kit, job);
  const baseline = test && majority(labels, classes, test.labels);
  await onStart?.({
    input: plan.train.set.input,
    labels,
    classes,
    parts: counts,
    settings: job.settings,
    parameters,
    findings,
    baseline,
  });
  const tried: { kind: ScalingKind; valLoss: number }[] = [];
  if (plan.encodings.length > 1) {
    let best = Number.POSITIVE_INFINITY;
    for (const encoding of plan.encodings) {
      const candidate = jobOf(encoding);
      const { kind } = encoding.scaling!;
      const stage = `scaling ${kind}`;
      let valLoss = run.outcome(stage)?.values.valLoss as number | undefined;
      if (valLoss === undefined) {
        const own = hooks.signal ? { signal: hooks.signal } : {};
        const { model, aborted, ...learnt } = await learn(kit, shortened(candidate), own, run, stage);
        await model?.dispose();
        if (aborted !== undefined) return untrained(plan, job, parameters, aborted);
        ({ valLoss } = learnt);
        run.done(stage, { values: { valLoss } });
      }
      tried.push({ kind, valLoss });
      if (valLoss < best) [best, job] = [valLoss, candidate];
    }
  }
  const { model, history, bestEpoch, aborted } = await learn(kit, job, hooks, run, "train");
  if (!model) return untrained(plan, job, parameters, aborted);
  const { encoding } = job;
  const facts = { labels, classes, encoding, columns: plan.train.set.columns ?? {} };
  try {
    const isWhole = aborted === undefined;
    const temperature =
      isWhole && plan.options.calibrate && job.validation
        ? await calibrate(model, job.validation, labels, classes.length, hooks.signal)
        : 1;
    const measured = isWhole && test ? await evaluateTest(model, plan, test, facts, hooks.signal) : null;
    const report: ClassifyReport = {
      ...{ input: encoding.input, labels, classes, parts: counts, settings: job.settings, parameters },
      ...(encoding.scaling && { scaling: { kind: encoding.scaling.kind, tried } }),
      ...{ history, bestEpoch, temperature, test: measured, findings },
    };
    return { model, report, facts, aborted };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

async function countOf(kit: Runtime, { settings, encoding, classes, kind }: LearnJob): Promise<number> {
  const model = await kit.sequential(layersOf(settings, encoding, classes, kind), { seed: settings.seed });
  const parameters = await model.countParams();
  await model.dispose();
  return parameters;
}

/** Steps that a scaling is tried with, every epoch counted. */
const TRIAL_STEPS = 160_000;
const TRIAL_EPOCHS = 4;

/** A job on some of the training part, for a few epochs; all of it, where that is as little. */
function shortened(job: LearnJob): LearnJob {
  const { train, settings } = job;
  const { pieces } = train.encoded;
  const all = pieces.length * longest(pieces) * settings.epochs;
  if (all <= TRIAL_STEPS * 2) return job;
  const most = Math.max(settings.batchSize * 4, Math.floor(TRIAL_STEPS / TRIAL_EPOCHS / longest(pieces)));
  // Parts are shuffled, so the first ones are as good as any.
  const some = { ...train, encoded: { ...train.encoded, pieces: pieces.slice(0, most) } };
  const epochs = Math.min(
    settings.epochs,
    Math.max(TRIAL_EPOCHS, Math.ceil((TRIAL_EPOCHS * most) / Math.min(most, pieces.length))),
  );
  return { ...job, train: some, settings: { ...settings, epochs, patience: epochs } };
}

function untrained(
  plan: Plan,
  { encoding, settings }: LearnJob,
  parameters: number,
  aborted: unknown,
): Trained {
  const { labels, classes, counts, findings } = plan;
  return {
    model: null,
    report: {
      input: encoding.input,
      labels,
      classes,
      parts: counts,
      settings,
      parameters,
      history: [],
      bestEpoch: 0,
      temperature: 1,
      test: null,
      findings,
    },
    facts: { labels, classes, encoding, columns: {} },
    aborted,
  };
}

async function evaluateTest(
  model: Model,
  plan: Plan,
  test: PlanPart,
  facts: Omit<ClassifierFacts, "report">,
  signal: AbortSignal | undefined,
): Promise<ClassifyEvaluation> {
  const { labels, classes, encoding } = facts;
  const part = { encoded: encodeSet(test.set, encoding, labels === "steps"), labels: test.labels };
  const measured = await evaluatePart(model, test.set, part, { labels, classes, encoding }, signal);
  if (labels !== "steps" || test.set.input !== "tokens") return measured;
  return { ...measured, baselines: [...measured.baselines, usualTags(plan.train, test)] };
}

/** Each token's most frequent tag in training; for others the most frequent of all. */
function usualTags(train: PlanPart, test: PlanPart): { name: string; accuracy: number } {
  const counts = new Map<string, Map<number, number>>();
  const all = new Map<number, number>();
  const add = (to: Map<number, number>, tag: number) => to.set(tag, (to.get(tag) ?? 0) + 1);
  const best = (of: Map<number, number>) => [...of].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const each = ({ set, labels }: PlanPart, visit: (token: string, tag: number) => void) => {
    for (const [i, tokens] of set.sequences.entries())
      for (const [t, token] of (tokens as readonly string[]).entries()) visit(token, labels[i]![t]!);
  };
  each(train, (token, tag) => {
    let own = counts.get(token);
    if (!own) {
      own = new Map();
      counts.set(token, own);
    }
    add(own, tag);
    add(all, tag);
  });
  const usual = new Map([...counts].map(([token, own]) => [token, best(own)]));
  const other = best(all);
  let [rows, right] = [0, 0];
  each(test, (token, tag) => {
    rows++;
    if ((usual.get(token) ?? other) === tag) right++;
  });
  return { name: "the usual tag of each token", accuracy: right / rows };
}
