/** The view of the gradient: how much of the error reaches each step, in both cells and over the training. */
import "./gradient.css";
import { lstm, type Model, simpleRNN } from "lstmkit";
import type { Split } from "lstmkit/data";
import { element } from "./elements.ts";
import { gradientText } from "./gradient.text.ts";
import { type Curve, GradientChart } from "./gradient-chart.ts";
import { decades, medianCurve, SMALLEST_CARRIED, scientific } from "./gradient-statistics.ts";
import type { Cell, LiveModel, Page } from "./page.ts";
import { select } from "./select.ts";
import type { GradientFlow, TModel } from "./trace-types.ts";
import { inWords } from "./words.ts";

/** Texts that a gradient is the median of. */
const SAMPLES = 32;
/** How far before the last step the sentence under the charts looks. */
const BACK = 40;
const CELLS: readonly Cell[] = ["lstm", "rnn"];

/** What is known of a cell: before training, and after each epoch; a file's model counts as epoch 1. */
interface Course {
  readonly untrained: GradientFlow | undefined;
  readonly epochs: ReadonlyMap<number, GradientFlow>;
}

export function mountGradient(section: HTMLElement, page: Page): void {
  const title = element("h2", { id: "gradient-title" });
  const lead = element("p", { class: "lead" });
  const note = element("p", { role: "status" });
  const layer = select();
  const epoch = element("input", { type: "range", min: 0, max: 0, value: 0, step: 1 });
  const epochName = element("span");
  const epochShown = element("output");
  const relative = element("input", { type: "checkbox", checked: true });
  const relativeName = element("span");
  const controls = element(
    "div",
    { class: "gradient-controls" },
    layer.field,
    element("label", {}, epochName, epoch, epochShown),
    element("label", {}, relative, relativeName),
  );
  const finding = element("p");
  const ofH = new GradientChart((to) => moveTo(to));
  const ofC = new GradientChart((to) => moveTo(to));
  const cNote = element("p", { class: "gradient-note" });
  const noted = element("p", { class: "gradient-note" });
  const charts = element("div", { class: "gradient-charts" }, ofH.figure, ofC.figure);
  const view = element("div", {}, controls, finding, charts, cNote, noted);
  section.append(title, lead, note, view);

  let courses: Partial<Record<Cell, Course>> = {};
  /** Follows the training until the visitor goes back to an earlier epoch. */
  let following = true;
  let step = 0;

  const learn = (cell: Cell, known: Partial<Course>): void => {
    const course = courses[cell] ?? { untrained: undefined, epochs: new Map() };
    courses = { ...courses, [cell]: { ...course, ...known } };
    draw();
  };
  const learnEpoch = (cell: Cell, number: number, flow: GradientFlow): void =>
    learn(cell, { epochs: new Map(courses[cell]?.epochs).set(number, flow) });

  const start = async (models: readonly LiveModel[]): Promise<void> => {
    courses = {};
    following = true;
    note.textContent = "";
    draw();
    const sample = page.reading?.sample;
    if (!sample) return;
    const isPast = (): boolean => page.models !== models;
    for (const live of models) {
      if (live.source === "file") {
        const flow = await flowOf(live.model, sample);
        if (isPast()) return;
        learnEpoch(live.cell, 1, flow);
      }
      const flow = await flowOfTwin(() => live.twin(), sample);
      if (isPast()) return;
      learn(live.cell, { untrained: flow });
    }
    const [live] = models;
    const other = CELLS.find((cell) => models.every((candidate) => candidate.cell !== cell));
    if (!live || !other) return;
    const flow = await flowOfTwin(() => untrainedOther(live, other), sample);
    if (!isPast()) learn(other, { untrained: flow });
  };
  const reported = async (work: Promise<void>, models: readonly LiveModel[]): Promise<void> => {
    try {
      await work;
    } catch (error) {
      // Calls of models that have left the page may well be refused.
      if (page.models !== models) return;
      note.textContent = gradientText[page.language].failed(
        error instanceof Error ? error.message : String(error),
      );
    }
  };

  const flows = (): GradientFlow[] =>
    CELLS.flatMap((cell) => {
      const course = courses[cell];
      return course ? [course.untrained, ...course.epochs.values()] : [];
    }).filter((flow) => flow !== undefined);

  const draw = (): void => {
    const words = gradientText[page.language];
    const [any] = flows();
    view.hidden = !any;
    if (!any) {
      note.textContent ||= page.models.length && !page.reading?.sample ? words.noSample : words.noModel;
      return;
    }
    note.textContent = "";
    const layers = any.layers.length;
    const [samples, steps] = any.layers[0]!.dh.shape as [number, number];
    layer.field.hidden = layers < 2;
    layer.offer(any.layers.map((_, l) => [String(l), words.layerName(l + 1, layers)]));
    const last = Math.max(0, ...CELLS.flatMap((cell) => [...(courses[cell]?.epochs.keys() ?? [])]));
    epoch.max = String(last);
    epoch.disabled = last === 0;
    if (following) epoch.value = epoch.max;
    const shown = Number(epoch.value);
    const named = page.models[0]?.source === "file" ? words.loaded : words.after(shown);
    epochShown.textContent = shown === 0 ? words.start : named;
    epoch.setAttribute("aria-valuetext", epochShown.textContent);

    const l = Number(layer.list.value);
    const curve = (
      flow: GradientFlow | undefined,
      of: "dh" | "dc",
      share: boolean,
    ): Curve["values"] | undefined => {
      const norms = flow?.layers[l]?.[of];
      return norms && medianCurve(norms.data, samples, steps, share);
    };
    const curvesOf = (of: "dh" | "dc"): Curve[] =>
      CELLS.flatMap((cell) => {
        const now = shown > 0 ? curve(courses[cell]?.epochs.get(shown), of, relative.checked) : undefined;
        const untrained = curve(courses[cell]?.untrained, of, relative.checked);
        const colour = `--${cell}` as const;
        const name = words.cells[cell];
        return [
          ...(now ? [{ name, colour, dashed: false, values: now }] : []),
          ...(untrained ? [{ name: words.untrained(name), colour, dashed: true, values: untrained }] : []),
        ];
      });
    const [h, c] = [curvesOf("dh"), curvesOf("dc")];
    // One range for both charts and all epochs, so that heights compare and nothing jumps.
    const range = decades(
      flows().flatMap((flow) =>
        (["dh", "dc"] as const).flatMap((of) => {
          const values = curve(flow, of, relative.checked);
          return values ? [values] : [];
        }),
      ),
    );
    step = Math.min(step || Math.max(0, steps - 1 - BACK), steps - 1);
    const say =
      (curves: readonly Curve[]) =>
      (at: number): string =>
        words.at(
          at + 1,
          steps,
          curves.map(({ name, values }) => `${name} ${written(values[at])}`).join(", "),
        );
    const written = (value: number | null | undefined): string => (value ? scientific(value) : words.nothing);
    const common = { stepTitle: words.step, range, steps };
    ofH.show({ ...common, title: words.hTitle, curves: h, say: say(h) }, step);
    ofC.figure.hidden = c.length === 0;
    if (c.length) ofC.show({ ...common, title: words.cTitle, curves: c, say: say(c) }, step);

    const back = Math.min(BACK, steps >> 1);
    const left = CELLS.flatMap((cell) => {
      const trained = shown > 0 ? courses[cell]?.epochs.get(shown) : undefined;
      const values = curve(trained ?? courses[cell]?.untrained, "dh", true);
      const name = trained ? words.cells[cell] : words.untrained(words.cells[cell]);
      return values ? [words.leftOf(name, written(values[steps - 1 - back]))] : [];
    });
    finding.textContent = words.left(back, left.join(", "));
    noted.textContent = words.noted(samples, scientific(SMALLEST_CARRIED));
  };

  const moveTo = (to: number): void => {
    step = to;
    ofH.mark(to);
    if (!ofC.figure.hidden) ofC.mark(to);
  };

  inWords(page, gradientText, (words) => {
    title.textContent = words.title;
    lead.textContent = words.lead;
    note.textContent = "";
    layer.name.textContent = words.layer;
    epochName.textContent = words.epoch;
    relativeName.textContent = words.relative;
    cNote.textContent = words.cNote;
    draw();
  });
  layer.list.addEventListener("change", draw);
  relative.addEventListener("change", draw);
  epoch.addEventListener("input", () => {
    following = epoch.value === epoch.max;
    draw();
  });
  page.on("theme", draw);
  page.on("models", (models) => reported(start(models), models));
  page.on("epoch", ({ cell, model, epoch: number }) => {
    const { models, reading } = page;
    if (!reading?.sample) return;
    const work = flowOf(model, reading.sample).then((flow) => {
      if (page.models === models) learnEpoch(cell, number, flow);
    });
    return reported(work, models);
  });
}

async function flowOf(model: Model, { x, y }: Split): Promise<GradientFlow> {
  const [rows, steps] = x.shape as [number, number];
  const samples = Math.min(rows, SAMPLES);
  return (model as TModel).gradientFlow(
    { data: x.data.slice(0, samples * steps), shape: [samples, steps] },
    y.data.slice(0, samples),
  );
}

async function flowOfTwin(make: () => Promise<Model>, sample: Split): Promise<GradientFlow> {
  const twin = await make();
  try {
    return await flowOf(twin, sample);
  } finally {
    await twin.dispose();
  }
}

/** An untrained model with the other cell in place of each recurrent layer. */
async function untrainedOther({ kit, model }: LiveModel, cell: Cell): Promise<Model> {
  const make = cell === "lstm" ? lstm : simpleRNN;
  const other = await kit.sequential(
    model.layers.map((layer) => {
      if (layer.type !== "lstm" && layer.type !== "simpleRNN") return layer;
      const { units, dropout, returnSequences } = layer;
      return make({ units, dropout, returnSequences });
    }),
  );
  await other.compile({ loss: "binaryCrossentropy" });
  return other;
}
