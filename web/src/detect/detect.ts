/** The place that watches a series. */
import { proxy } from "comlink";
import { handOver } from "../copyable.ts";
import { element } from "../elements.ts";
import { fileButton } from "../file-button.ts";
import type { Page } from "../page.ts";
import type { OpenPlace } from "../places.ts";
import { keepInLink } from "../route.ts";
import { select } from "../select.ts";
import { DataChoice } from "../tasks/data-choice.ts";
import { Fields } from "../tasks/fields.ts";
import { findingsOf } from "../tasks/findings.ts";
import { Learning } from "../tasks/learning.ts";
import { SeriesChart } from "../tasks/series-chart.ts";
import { seriesText } from "../tasks/series-settings.text.ts";
import { readingOf } from "../tasks/series-settings.ts";
import { modelName, tableOf, Workbench } from "../tasks/workbench.ts";
import { threadsField } from "../threads-field.ts";
import { formatNumber, inWords } from "../words.ts";
import { WorkerLink } from "../worker-link.ts";
import { detectText } from "./detect.text.ts";
import type { DetectCalls, Opened, WatchedRow } from "./detect-worker.ts";
import { ALPHA_RULES, DETECT_RULES, detectCommand, optionsOf, WATCHED_RULES } from "./settings.ts";

/** Rows that are drawn at once. */
const WIDTH = 400;
/** Rows of the table of alarms at most. */
const MOST_LISTED = 200;

export function mountDetect(section: HTMLElement, page: Page): OpenPlace {
  const link = new WorkerLink<DetectCalls>(
    () => new Worker(new URL("./detect-worker.ts", import.meta.url), { type: "module" }),
    "Load or train a model again.",
  );
  const bench = new Workbench(section, page, "detect", detectText, { train, load, save });

  const keep = () =>
    keepInLink(
      "detect",
      new URLSearchParams([...fields.params(), ...columns.params(), ...alpha.params(), ...data.params()]),
    );
  const data = new DataChoice(page, "detect", {
    texts: detectText,
    accept: ".csv,.tsv,.json,.jsonl,.ndjson",
    take: async ([file]) => {
      const { columns: names } = await link.call((calls) => calls.give(file!));
      columns.suggest(["target", "time", "series"], names);
    },
    onChange: keep,
  });
  const columns = new Fields(page, "detect", WATCHED_RULES, seriesText, keep);
  const fields = new Fields(page, "detect", DETECT_RULES, detectText, keep);
  const threads = threadsField(page, "detect-threads");
  fields.addMore(threads.box);
  data.ownPanel.append(columns.first, columns.more);
  bench.form.append(data.element, fields.first, fields.more);

  const alpha = new Fields(page, "detect", ALPHA_RULES, detectText, () => {
    keep();
    void bench.try(look);
  });
  const other = fileButton({ id: "detect-watch", accept: ".csv,.tsv,.json,.jsonl,.ndjson" }, ([file]) => {
    void bench.try(async () => show(await link.call((calls) => calls.watchFile(file!, reading()))));
  });
  const note = element("p", { class: "about" });
  const which = select();
  const until = element("input", { type: "range", id: "detect-until", min: 1, step: 1 });
  const untilLabel = element("label", { for: until.id });
  const untilTime = element("output", { for: until.id });
  const chart = new SeriesChart(page);
  const alarms = element("div", { id: "detect-alarms" });
  const findings = element("div");
  const learning = new Learning(page, bench);
  const result = element(
    "div",
    { hidden: true },
    findings,
    alpha.first,
    other.element,
    note,
    which.field,
    element("div", { class: "origin" }, untilLabel, until, untilTime),
    chart.element,
    alarms,
  );
  bench.results.append(learning.element, result);

  let opened: Opened | null = null;
  let rows: readonly WatchedRow[] = [];

  const reading = () => (data.isOwn ? readingOf({ known: "", past: "", ...columns.values() }) : {});

  async function train(signal: AbortSignal): Promise<boolean> {
    await data.settled();
    const values = fields.read();
    if (!values || (data.isOwn && !columns.read())) {
      bench.tell("invalid");
      return false;
    }
    if (data.isMissing) {
      bench.tell("noFile");
      return false;
    }
    const kind = data.isOwn ? ("own" as const) : ("births" as const);
    const command = detectCommand(kind, data.fileName, [
      ...(data.isOwn ? columns.flags() : []),
      ...fields.flags(),
    ]);
    const request = {
      data: kind,
      reading: reading(),
      options: optionsOf(values, reading()),
      threads: threads.read(),
    };
    signal.addEventListener("abort", () => void link.call((calls) => calls.stop()));
    learning.clear();
    const onEpoch = proxy((progress: Parameters<Learning["add"]>[0]) => learning.add(progress));
    await show(await link.call((calls) => calls.train(request, onEpoch)));
    bench.ended({ digest: opened!.report.digest, command });
    return true;
  }

  async function load(file: File): Promise<void> {
    await data.settled();
    if (data.isMissing) return bench.tell("noFile");
    const made = await link.call((calls) => calls.load(file, data.isOwn ? "own" : "births", reading()));
    learning.clear();
    await show(made);
    bench.tell("ready");
    bench.ended({ digest: made.report.digest, command: null });
  }

  async function save(): Promise<string> {
    const bytes = await link.call((calls) => calls.save());
    const name = modelName(data.fileName ?? "births", "detect");
    handOver(name, bytes, "application/octet-stream");
    return name;
  }

  const isShown = (made: Opened) => opened === made;

  async function show(made: Opened): Promise<void> {
    opened = made;
    which.offer(made.series.map((id, i) => [String(i), id === "" ? "–" : id]));
    which.field.hidden = made.series.length < 2;
    await read();
    result.hidden = false;
    write();
  }

  async function look(): Promise<void> {
    await read();
    write();
  }

  /** What the model says of the rows, at the alpha that is written. */
  async function read(): Promise<void> {
    const values = alpha.read();
    if (!opened || !values) return;
    const [series, at] = [Number(which.list.value), Number(values.alpha)];
    rows = await link.call((calls) => calls.watch(series, at));
    until.min = String(Math.min(WIDTH, rows.length));
    until.max = String(rows.length);
    until.value = String(rows.length);
  }
  which.list.addEventListener("change", () => void bench.try(look));
  until.addEventListener("input", draw);

  const short = (value: number | null) =>
    value === null ? "" : formatNumber(page.language, value, { maximumSignificantDigits: 5 });

  function write(): void {
    const words = detectText[page.language];
    other.label.textContent = words.watchFile;
    which.name.textContent = words.series;
    untilLabel.textContent = words.from;
    if (!opened) return;
    const { report, isOwn, least } = opened;
    findings.replaceChildren(...findingsOf(opened.findings, page.language));
    note.textContent = [
      words.errors(short(report.errors.network), short(report.errors.last)),
      words.least(short(least)),
      ...(isOwn ? [words.isOwn] : []),
    ].join(" ");
    writeAlarms();
    draw();
  }

  function writeAlarms(): void {
    const words = detectText[page.language];
    const found = rows.filter((row) => row.alarm);
    const told = words.alarms(bench.number(found.length), bench.number(rows.length));
    const shown = found.slice(-MOST_LISTED);
    alarms.replaceChildren(
      tableOf(
        told,
        [words.time, words.value, words.expected, words.p],
        shown.map(({ place, value, expected, p }) => [place, short(value), short(expected), short(p)]),
      ),
      ...(shown.length < found.length
        ? [element("p", { class: "about" }, words.most(bench.number(shown.length)))]
        : []),
    );
  }

  function draw(): void {
    const words = detectText[page.language];
    const end = Number(until.value);
    const seen = rows.slice(Math.max(0, end - WIDTH), end);
    const [first, last] = [seen[0], seen.at(-1)];
    if (!opened || !first || !last) {
      chart.show(null);
      return;
    }
    const places = new Map(seen.map(({ x, place }) => [x, place]));
    untilTime.textContent = last.place;
    until.setAttribute("aria-valuetext", last.place);
    const found = seen.filter(({ alarm }) => alarm);
    chart.show({
      caption: words.chart(opened.report.target),
      x: seen.map(({ x }) => x),
      isTime: opened.report.frequency !== null,
      bands: [],
      lines: [
        { name: words.value, values: seen.map(({ value }) => value), colour: "--lstm", kind: "line" },
        {
          name: words.expected,
          values: seen.map(({ expected }) => expected),
          colour: "--faint-ink",
          kind: "dashed",
        },
        {
          name: words.alarm,
          values: seen.map(({ value, alarm }) => (alarm ? value : null)),
          colour: "--bad",
          kind: "points",
        },
      ],
      label: words.chartLabel(first.place, last.place, bench.number(found.length)),
      placeText: (x) => places.get(x) ?? "",
    });
  }

  inWords(page, detectText, write);
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
      alpha.take(params);
      data.choose(params);
      void bench.try(look);
    },
    take: (files) => bench.take(files, data),
  };
}
