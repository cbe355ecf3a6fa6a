/** The place that tells classes of sequences apart. */
import "./classes.css";
import { proxy } from "comlink";
import type { ClassifyEvaluation, ClassifyPrediction } from "lstmkit/tasks";
import { handOver } from "../copyable.ts";
import { element } from "../elements.ts";
import { fileButton } from "../file-button.ts";
import type { Page } from "../page.ts";
import type { OpenPlace } from "../places.ts";
import { keepInLink } from "../route.ts";
import { DataChoice } from "../tasks/data-choice.ts";
import { Fields } from "../tasks/fields.ts";
import { findingsOf } from "../tasks/findings.ts";
import { latest } from "../tasks/latest.ts";
import { Learning } from "../tasks/learning.ts";
import { SeriesChart } from "../tasks/series-chart.ts";
import { modelName, tableOf, Workbench } from "../tasks/workbench.ts";
import { threadsField } from "../threads-field.ts";
import { formatNumber, inWords } from "../words.ts";
import { WorkerLink } from "../worker-link.ts";
import { classesText } from "./classes.text.ts";
import type { ClassesCalls, Looked, Opened } from "./classes-worker.ts";
import { CLASSES_RULES, classesCommand, optionsOf, readingOf, SEQUENCE_RULES } from "./settings.ts";

/** Classes whose probability is shown, the likeliest first. */
const MOST_BARS = 10;
/** Features whose numbers are drawn. */
const MOST_LINES = 4;
/** Classes of a matrix at most. */
const MOST_CLASSES = 40;
/** Of a sequence with so many numbers a step and as many steps, a picture says more than lines. */
const isPicture = ({ features, sequence }: Looked) =>
  features.length > 6 && sequence.length === features.length * features.length;
const COLOURS = ["--lstm", "--rnn", "--class-0", "--class-1"] as const;

export function mountClasses(section: HTMLElement, page: Page): OpenPlace {
  const link = new WorkerLink<ClassesCalls>(
    () => new Worker(new URL("./classes-worker.ts", import.meta.url), { type: "module" }),
    "Load or train a model again.",
  );
  const bench = new Workbench(section, page, "classes", classesText, { train, load, save });

  const keep = () =>
    keepInLink("classes", new URLSearchParams([...fields.params(), ...columns.params(), ...data.params()]));
  const data = new DataChoice(page, "classes", {
    texts: classesText,
    accept: ".csv,.tsv,.ts,.txt,.conll,.conllu",
    multiple: true,
    take: async (files) => {
      const paths = files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
      const { name, columns: names } = await link.call((calls) => calls.give(paths));
      columns.suggest(["text", "label", "id", "time", "features", "group"], names);
      given = name;
    },
    onChange: keep,
  });
  const columns = new Fields(page, "classes", SEQUENCE_RULES, classesText, keep);
  const fields = new Fields(page, "classes", CLASSES_RULES, classesText, keep);
  const threads = threadsField(page, "classes-threads");
  fields.addMore(threads.box);
  const folder = fileButton(
    { id: "classes-folder", webkitdirectory: true },
    (files) => void data.take(files),
  );
  folder.chosen.hidden = true;
  data.ownPanel.append(folder.element, columns.first, columns.more);
  bench.form.append(data.element, fields.first, fields.more);

  const learning = new Learning(page, bench);
  const findings = element("div");
  const score = element("p", { id: "classes-score" });
  const place = element("input", { type: "range", id: "classes-sequence", min: 0, step: 1 });
  const placeLabel = element("label", { for: place.id });
  const placeShown = element("output", { for: place.id });
  const picture = element("canvas", { class: "digit", role: "img" });
  const text = element("div", { class: "read-text", role: "group", tabindex: 0 });
  const chart = new SeriesChart(page);
  const answer = element("div", { class: "answer lstm", id: "classes-answer", role: "status" });
  const own = element("textarea", { id: "classes-text", rows: 3, spellcheck: "false" });
  const ownLabel = element("label", { for: own.id });
  const confusion = element("div", { id: "classes-confusion" });
  const perClass = element("div");
  const result = element(
    "div",
    { hidden: true },
    findings,
    score,
    element("div", { class: "origin" }, placeLabel, place, placeShown),
    picture,
    text,
    chart.element,
    element("div", {}, ownLabel, own),
    answer,
    confusion,
    perClass,
  );
  bench.results.append(learning.element, result);

  let given: string | null = null;
  let opened: Opened | null = null;
  let looked: Looked | null = null;
  /** Of the text that was written here, while there is one. */
  let written: ClassifyPrediction | null = null;

  const reading = () => (data.isOwn ? readingOf(columns.values()) : {});
  const kind = () => (data.isOwn ? ("own" as const) : ("digits" as const));

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
    const command = classesCommand(kind(), given, [
      ...(data.isOwn ? columns.flags() : []),
      ...fields.flags(),
    ]);
    const request = { data: kind(), reading: reading(), options: optionsOf(values), threads: threads.read() };
    signal.addEventListener("abort", () => void link.call((calls) => calls.stop()));
    learning.clear();
    const onEpoch = proxy((progress: Parameters<Learning["add"]>[0]) => learning.add(progress));
    await show(await link.call((calls) => calls.train(request, onEpoch)));
    bench.ended({ digest: opened!.digest, command });
    return true;
  }

  async function load(file: File): Promise<void> {
    await data.settled();
    if (data.isMissing) {
      bench.tell("noFile");
      return;
    }
    const made = await link.call((calls) => calls.load(file, kind(), reading()));
    learning.clear();
    await show(made);
    bench.tell("ready");
    bench.ended({ digest: made.digest, command: null });
  }

  async function save(): Promise<string> {
    const bytes = await link.call((calls) => calls.save());
    const name = modelName(data.isOwn ? (given ?? "model") : "digits", "classes");
    handOver(name, bytes, "application/octet-stream");
    return name;
  }

  const isShown = (made: Opened) => opened === made;

  async function show(made: Opened): Promise<void> {
    opened = made;
    written = null;
    own.value = "";
    place.max = String(made.count - 1);
    place.value = "0";
    await look();
    result.hidden = false;
    write();
  }

  const look = latest(async () => {
    if (own.value !== "" && opened?.input === "text") {
      written = await link.call((calls) => calls.read(own.value));
    } else {
      written = null;
      looked = await link.call((calls) => calls.look(Number(place.value)));
    }
    writeAnswer();
  });
  const relook = () => void bench.try(look);
  place.addEventListener("input", () => {
    own.value = "";
    relook();
  });
  own.addEventListener("input", relook);

  const share = (value: number) =>
    formatNumber(page.language, value, {
      style: "percent",
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });

  function write(): void {
    const words = classesText[page.language];
    folder.label.textContent = words.ownFolder;
    placeLabel.textContent = words.sequence;
    ownLabel.textContent = words.text;
    if (!opened) return;
    const isText = opened.input === "text";
    own.parentElement!.hidden = !isText;
    const messages = opened.findings.map((message) => ({ code: "", count: 0, message }));
    findings.replaceChildren(...findingsOf(messages, page.language));
    writeScore(opened.test);
    writeAnswer();
  }

  function writeScore(test: ClassifyEvaluation | null): void {
    const words = classesText[page.language];
    confusion.replaceChildren();
    perClass.replaceChildren();
    if (!test) {
      score.textContent = words.noTest;
      return;
    }
    score.textContent = [
      words.accuracy(share(test.accuracy), bench.number(test.rows)),
      ...test.baselines.map(({ name, accuracy }) => words.baseline(name, share(accuracy))),
      words.calibration(share(test.calibration.error)),
    ].join(" ");
    if (test.confusion && test.confusion.length <= MOST_CLASSES) confusion.append(matrixOf(test));
    perClass.append(
      tableOf(
        words.classes,
        [words.class, words.precision, words.recall, words.f1, words.support],
        test.classes.map(({ name, precision, recall, f1, support }) => [
          name,
          ...[precision, recall, f1].map(share),
          bench.number(support),
        ]),
      ),
    );
  }

  function matrixOf({ confusion: rows, classes }: ClassifyEvaluation): HTMLElement {
    const words = classesText[page.language];
    const names = classes.map(({ name }) => name);
    const box = tableOf(
      words.confusion,
      [words.truth, ...names],
      rows!.map((row, i) => [names[i]!, ...row.map((count) => bench.number(count))]),
    );
    const table = box.querySelector("table")!;
    table.classList.add("confusion");
    for (const [i, row] of rows!.entries()) {
      const all = row.reduce((sum, count) => sum + count, 0);
      const cells = table.tBodies[0]!.rows[i]!.cells;
      for (const [j, count] of row.entries()) {
        const cell = cells[j + 1]!;
        cell.style.setProperty("--share", String(all === 0 ? 0 : count / all));
        cell.classList.toggle("right", i === j);
      }
    }
    return element("div", {}, box, element("p", { class: "about" }, words.confusionAbout));
  }

  function writeAnswer(): void {
    const words = classesText[page.language];
    if (!opened || !looked) return;
    const isWritten = written !== null;
    const n = bench.number(Number(place.value) + 1);
    placeShown.textContent = words.of(n, bench.number(opened.count));
    place.setAttribute("aria-valuetext", `${placeShown.textContent}, ${looked.place}`);
    drawSequence(isWritten ? null : looked);
    const { labels, confidences, probabilities } = written ?? looked.prediction;
    const { classes } = opened;
    const isOne = labels.length === 1 && probabilities.length === classes.length;
    const said = isOne
      ? words.answer(labels[0]!, share(confidences[0]!))
      : words.answers(labels.length === 0 ? words.nothing : labels.join(" "));
    const truth = isWritten || looked.target === null ? "" : ` ${words.isReally(looked.target)}`;
    const bars =
      probabilities.length === classes.length
        ? classes
            .map((name, i) => ({ name, probability: probabilities[i]! }))
            .sort((a, b) => b.probability - a.probability)
            .slice(0, MOST_BARS)
            .map(({ name, probability }) =>
              element(
                "div",
                { class: "share" },
                element("span", {}, name),
                element("progress", { max: 1, value: probability, "aria-label": name }),
                share(probability),
              ),
            )
        : [];
    answer.replaceChildren(element("p", { class: "sentence" }, said + truth), ...bars);
  }

  function drawSequence(of: Looked | null): void {
    const words = classesText[page.language];
    const isDrawn = of !== null && typeof of.sequence !== "string";
    picture.hidden = !(isDrawn && isPicture(of));
    text.hidden = of === null || isDrawn;
    if (of && typeof of.sequence === "string") text.textContent = of.sequence;
    if (!isDrawn || isPicture(of)) chart.show(null);
    if (!isDrawn) return;
    const { features } = of;
    const sequence = of.sequence as Float64Array;
    const steps = sequence.length / features.length;
    if (isPicture(of)) {
      picture.setAttribute("aria-label", words.picture);
      drawPixels(picture, sequence, features.length, steps);
      return;
    }
    const x = Array.from({ length: steps }, (_, t) => t + 1);
    chart.show({
      caption: words.numbers,
      x,
      isTime: false,
      bands: [],
      lines: features.slice(0, MOST_LINES).map((name, f) => ({
        name,
        values: x.map((_, t) => nullIfMissing(sequence[t * features.length + f]!)),
        colour: COLOURS[f]!,
        kind: "line" as const,
      })),
      label: `${words.numbers}: ${of.place}`,
      placeText: (step) => `${words.step} ${step}`,
    });
  }

  inWords(page, classesText, write);
  addEventListener("pagehide", () => link.end());
  void bench.first(async () => {
    const made = await link.call((calls) => calls.openShipped());
    if (opened || bench.isBusy) return; // the visitor was faster
    await show(made);
    if (isShown(made)) bench.ended({ digest: made.digest, command: null });
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

const nullIfMissing = (value: number) => (Number.isNaN(value) ? null : value);

/** Numbers from 0 to 1 as shades, a row for each step. */
function drawPixels(canvas: HTMLCanvasElement, numbers: Float64Array, width: number, height: number): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  for (const [i, number] of numbers.entries()) {
    const shade = Math.round(255 * (1 - Math.min(Math.max(number, 0), 1)));
    image.data.set([shade, shade, shade, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}
