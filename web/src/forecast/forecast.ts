/** The place that forecasts a series. */
import { proxy } from "comlink";
import type { Backtest, BaselineName, ForecastProgress } from "lstmkit/tasks";
import { handOver } from "../copyable.ts";
import { element } from "../elements.ts";
import type { Page } from "../page.ts";
import type { OpenPlace } from "../places.ts";
import { keepInLink } from "../route.ts";
import { select } from "../select.ts";
import { DataChoice } from "../tasks/data-choice.ts";
import { Fields } from "../tasks/fields.ts";
import { findingsOf } from "../tasks/findings.ts";
import { latest } from "../tasks/latest.ts";
import { Learning } from "../tasks/learning.ts";
import { SeriesChart } from "../tasks/series-chart.ts";
import { seriesText } from "../tasks/series-settings.text.ts";
import { readingOf, SERIES_RULES } from "../tasks/series-settings.ts";
import { tasksText } from "../tasks/tasks.text.ts";
import { modelName, tableOf, Workbench } from "../tasks/workbench.ts";
import { threadsField } from "../threads-field.ts";
import { formatNumber, inWords } from "../words.ts";
import { WorkerLink } from "../worker-link.ts";
import { forecastText } from "./forecast.text.ts";
import type { ForecastCalls, ForecastPicture, Opened } from "./forecast-worker.ts";
import { FORECAST_RULES, forecastCommand, optionsOf } from "./settings.ts";

export function mountForecast(section: HTMLElement, page: Page): OpenPlace {
  const link = new WorkerLink<ForecastCalls>(
    () => new Worker(new URL("./forecast-worker.ts", import.meta.url), { type: "module" }),
    "Load or train a model again.",
  );
  const bench = new Workbench(section, page, "forecast", forecastText, { train, load, save });

  const keep = () =>
    keepInLink("forecast", new URLSearchParams([...fields.params(), ...columns.params(), ...data.params()]));
  const data = new DataChoice(page, "forecast", {
    texts: forecastText,
    accept: ".csv,.tsv,.json,.jsonl,.ndjson",
    take: async ([file]) => {
      const { columns: names } = await link.call((calls) => calls.give(file!));
      columns.suggest(["target", "time", "series", "known", "past"], names);
    },
    onChange: keep,
  });
  const columns = new Fields(page, "forecast", SERIES_RULES, seriesText, keep);
  const fields = new Fields(page, "forecast", FORECAST_RULES, forecastText, keep);
  const threads = threadsField(page, "forecast-threads");
  fields.addMore(threads.box);
  data.ownPanel.append(columns.first, columns.more);
  bench.form.append(data.element, fields.first, fields.more);

  const origin = element("input", { type: "range", id: "forecast-origin", min: 0, step: 1 });
  const originLabel = element("label", { for: origin.id });
  const originTime = element("output", { for: origin.id });
  const which = { series: select(), target: select() };
  const choices = element("div", { class: "row" }, which.series.field, which.target.field);
  const chart = new SeriesChart(page);
  const numbers = element("details");
  const comparison = element("div", { id: "forecast-comparison" });
  const backtest = element("details", { id: "forecast-backtest" });
  const learning = new Learning(page, bench);
  const csv = element("button", { type: "button", id: "forecast-csv" });
  const findings = element("div");
  const result = element(
    "div",
    { hidden: true },
    findings,
    choices,
    element("div", { class: "origin" }, originLabel, origin, originTime),
    chart.element,
    numbers,
    csv,
    comparison,
    backtest,
  );
  bench.results.append(learning.element, result);

  let opened: Opened | null = null;
  let picture: ForecastPicture | null = null;
  let looked: Backtest | null = null;

  /** What is asked for, or false where something is missing, which is marked. */
  function read() {
    const values = fields.read();
    const reading = data.isOwn ? columns.read() : columns.values();
    if (!values || !reading) {
      bench.tell("invalid");
      return false;
    }
    if (data.isMissing) {
      bench.tell("noFile");
      return false;
    }
    return { values, reading: data.isOwn ? readingOf(reading) : {} };
  }

  async function train(signal: AbortSignal): Promise<boolean> {
    await data.settled();
    const asked = read();
    if (!asked) return false;
    const { values, reading } = asked;
    const command = forecastCommand(data.isOwn ? "own" : "births", data.fileName, [
      ...(data.isOwn ? columns.flags() : []),
      ...fields.flags(),
    ]);
    signal.addEventListener("abort", () => void link.call((calls) => calls.stop()));
    learning.clear();
    const request = {
      data: data.isOwn ? ("own" as const) : ("births" as const),
      reading,
      options: optionsOf(values, reading),
      holidays: values.holidays,
      threads: threads.read(),
    };
    const made = await link.call((calls) => calls.train(request, proxy(follow)));
    await show(made);
    bench.ended({ digest: opened!.report.digest, command });
    return true;
  }

  function follow(progress: ForecastProgress): void {
    const { stage, candidate, candidates } = progress;
    if (stage === "search") {
      bench.progress(candidate / candidates);
      bench.tell("preparing", () =>
        forecastText[page.language].search(bench.number(candidate + 1), bench.number(candidates)),
      );
      return;
    }
    learning.add(progress);
  }

  async function load(file: File): Promise<void> {
    await data.settled();
    const asked = read();
    if (!asked) return;
    const made = await link.call((calls) => calls.load(file, data.isOwn ? "own" : "births", asked.reading));
    learning.clear();
    await show(made);
    bench.tell("ready");
    bench.ended({ digest: made.report.digest, command: null });
  }

  async function save(): Promise<string> {
    const bytes = await link.call((calls) => calls.save());
    const name = modelName(data.fileName ?? "births", "forecast");
    handOver(name, bytes, "application/octet-stream");
    return name;
  }

  const isShown = (made: Opened) => opened === made;

  async function show(made: Opened): Promise<void> {
    opened = made;
    looked = null;
    which.series.offer(made.series.map(({ id }, i) => [String(i), id === "" ? "–" : id]));
    which.target.offer(made.report.columns.target.map((name) => [name, name]));
    which.series.field.hidden = made.series.length < 2;
    which.target.field.hidden = made.report.columns.target.length < 2;
    result.hidden = false;
    setRange();
    await draw();
    const back = await link.call((calls) => calls.backtest());
    if (!isShown(made)) return; // another one was taken meanwhile
    looked = back;
    write();
  }

  /** From the first row that has a window before it, to the end of what is known. */
  function setRange(): void {
    const { length, first } = opened!.series[Number(which.series.list.value)]!;
    origin.min = String(first);
    origin.max = String(length);
    origin.value = String(length);
  }

  const draw = latest(async () => {
    const [series, row, target] = [which.series.list.value, origin.value, which.target.list.value];
    picture = await link.call((calls) => calls.picture(Number(series), Number(row), target));
    write();
  });
  const redraw = () => void bench.try(draw);
  origin.addEventListener("input", redraw);
  which.target.list.addEventListener("change", redraw);
  which.series.list.addEventListener("change", () => {
    setRange();
    redraw();
  });
  csv.addEventListener("click", () => {
    void bench.try(async () => handOver("forecast.csv", await link.call((calls) => calls.csv()), "text/csv"));
  });

  const short = (value: number) => formatNumber(page.language, value, { maximumSignificantDigits: 5 });
  const level = (share: number) =>
    formatNumber(page.language, share, { style: "percent", maximumFractionDigits: 1 });

  function write(): void {
    const words = forecastText[page.language];
    which.series.name.textContent = words.series;
    which.target.name.textContent = words.target;
    originLabel.textContent = words.origin;
    csv.textContent = words.csv;
    if (!opened) return;
    findings.replaceChildren(...findingsOf(opened.findings, page.language));
    if (picture) writePicture(picture);
    writeComparison(opened);
    backtest.hidden = looked === null;
    if (looked) writeBacktest(looked);
  }

  function writePicture({ past, steps, places, isTime }: ForecastPicture): void {
    const words = forecastText[page.language];
    const before = past.x.length;
    const x = [...past.x, ...steps.map((step) => step.x)];
    const empty = (n: number) => Array.from({ length: n }, () => null);
    const levels = steps[0]?.bounds.map((bound) => bound.level) ?? [];
    const bands = levels
      .map((share, i) => ({
        share,
        name: words.band(level(share)),
        lower: [...empty(before), ...steps.map(({ bounds }) => bounds[i]!.lower)],
        upper: [...empty(before), ...steps.map(({ bounds }) => bounds[i]!.upper)],
      }))
      .sort((a, b) => b.share - a.share);
    const hasCome = steps.some(({ actual }) => actual !== null);
    const target = which.target.list.value;
    const mean = steps.reduce((sum, { value }) => sum + value, 0) / steps.length;
    const [widest] = bands;
    const placeOf = new Map(x.map((at, i) => [at, places[i]!]));
    originTime.textContent = places[before] ?? "";
    origin.setAttribute("aria-valuetext", places[before] ?? "");
    chart.show({
      caption: words.chart(target, bench.number(steps.length)),
      x,
      isTime,
      bands,
      lines: [
        {
          name: words.past,
          values: [...past.values, ...empty(steps.length)],
          colour: "--faint-ink",
          kind: "line",
        },
        ...(hasCome
          ? [
              {
                name: words.actual,
                values: [...empty(before), ...steps.map(({ actual }) => actual)],
                colour: "--rnn" as const,
                kind: "line" as const,
              },
            ]
          : []),
        {
          name: words.network,
          values: [...empty(before), ...steps.map(({ value }) => value)],
          colour: "--accent",
          kind: "line",
        },
      ],
      label: words.chartLabel(
        places[before] ?? "",
        places.at(-1) ?? "",
        short(steps[0]!.value),
        short(widest?.lower[before] ?? steps[0]!.value),
        short(widest?.upper[before] ?? steps[0]!.value),
        short(mean),
      ),
      placeText: (at) => placeOf.get(at) ?? "",
    });
    const heads = [
      words.step,
      words.time,
      words.network,
      ...levels.map((share) => words.band(level(share))),
      words.actual,
    ];
    const rows = steps.map(({ value, bounds, actual }, i) => [
      bench.number(i + 1),
      places[before + i]!,
      short(value),
      ...bounds.map(({ lower, upper }) => `${short(lower)} … ${short(upper)}`),
      actual === null ? "" : short(actual),
    ]);
    const summary = element("summary", {}, tasksText[page.language].sameInTable);
    const isOpen = numbers.open;
    numbers.replaceChildren(summary, tableOf(words.chart(target, bench.number(steps.length)), heads, rows));
    numbers.open = isOpen;
  }

  function writeComparison({ report }: Opened): void {
    const words = forecastText[page.language];
    const isTest = report.test !== null;
    const rows = [
      { name: "network" as const, scores: report.test?.network ?? report.validation },
      ...report.baselines.flatMap(({ name, test, validation }) => {
        const scores = isTest ? test : validation;
        return scores ? [{ name, scores }] : [];
      }),
    ].sort((a, b) => a.scores.mse - b.scores.mse);
    const best = rows[0]!.name;
    const { center } = report.normalization;
    comparison.replaceChildren(
      tableOf(
        isTest ? words.comparison : words.comparisonValidation,
        [words.model, words.mae, words.rmse, words.mse],
        rows.map(({ name, scores }) => [
          words.models[name]!,
          short(scores.mae),
          short(scores.rmse),
          bench.number(scores.mse, 4),
        ]),
      ),
      element(
        "p",
        {},
        report.bestEpoch === 0
          ? words.isRidge
          : best === "network"
            ? words.isBest
            : words.isWorse(words.models[best]!),
      ),
      element(
        "p",
        { class: "about" },
        [
          ...(report.test?.intervals ?? []).map((one) =>
            words.coverage(level(one.level), level(one.coverage)),
          ),
          words.rules(
            words.choices[center] ?? center,
            bench.number(report.bestEpoch),
            bench.number(report.network.parameters),
          ),
        ].join(" "),
      ),
    );
  }

  function writeBacktest({ cuts, steps, scores, intervals, baselines }: Backtest): void {
    const words = forecastText[page.language];
    const names = Object.keys(baselines) as BaselineName[];
    const row = (name: string, of: Pick<Backtest, "scores" | "intervals" | "baselines">) => [
      name,
      short(of.scores.mae),
      ...names.map((other) => short(of.baselines[other]?.mae ?? Number.NaN)),
      ...of.intervals.map(({ coverage }) => level(coverage)),
    ];
    const heads = [
      words.step,
      words.models.network!,
      ...names.map((name) => words.models[name]!),
      ...intervals.map((one) => words.within(level(one.level))),
    ];
    const rows = [
      ...steps.map((step) => row(bench.number(step.step), step)),
      row(words.all, { scores, intervals, baselines }),
    ];
    const isOpen = backtest.open;
    backtest.replaceChildren(
      element("summary", {}, words.backtest),
      element("p", { class: "about" }, words.backtestAbout(bench.number(cuts))),
      tableOf(words.backtest, heads, rows),
    );
    backtest.open = isOpen;
  }

  inWords(page, forecastText, write);
  addEventListener("pagehide", () => link.end());
  void bench.first(async () => {
    const made = await link.call((calls) => calls.openShipped());
    if (opened || bench.isBusy) return; // the visitor was faster
    await show(made);
    if (isShown(made)) bench.ended({ digest: made.report.digest, command: null });
  });

  return {
    settings: (params) => {
      fields.take(params);
      columns.take(params);
      data.choose(params);
    },
    take: (files) => bench.take(files, data),
  };
}
