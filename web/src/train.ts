/** The section that trains: settings on one side, what becomes of them on the other. */
import * as cutOff from "./cut-off.ts";
import { DataPanel } from "./data-panel.ts";
import { DataReader } from "./data-reader.ts";
import { element } from "./elements.ts";
import { FailureNotice } from "./failure.ts";
import type { Page } from "./page.ts";
import { Results } from "./results.ts";
import { keepInLink } from "./route.ts";
import { SettingsForm } from "./settings-form.ts";
import { trainText } from "./train.text.ts";
import { closeModels, type Metadata, type Run, Training } from "./training.ts";
import { formatNumber, inWords } from "./words.ts";

export interface TrainSection {
  /** Settings of a link. */
  settings(params: URLSearchParams): void;
  /** Data files that were dropped on the page. */
  take(files: readonly File[]): Promise<void>;
  /** What goes into the file of a model that was trained here. */
  metadata(): Metadata;
}

export function mountTrain(section: HTMLElement, page: Page): TrainSection {
  const reader = new DataReader();
  const data = new DataPanel(page, reader);
  const form = new SettingsForm(page);
  const results = new Results(page);
  const training = new Training(page, reader, () => results.changed());
  const failure = new FailureNotice(page);

  const title = element("h2", { id: "train-title" });
  const lead = element("p", { class: "lead" });
  const buttons = {
    start: element("button", { type: "submit", id: "start", class: "main", form: "settings" }),
    pause: element("button", { type: "button", id: "pause" }),
    stop: element("button", { type: "button", id: "stop" }),
  };
  const status = element("p", { role: "status", id: "status" });
  const offer = {
    text: element("p"),
    goOn: element("button", { type: "button", id: "go-on", class: "main" }),
    discard: element("button", { type: "button", id: "discard" }),
  };
  const offered = element(
    "div",
    { class: "controls", id: "cut-off", role: "status" },
    ...Object.values(offer),
  );
  offered.hidden = true;
  const fields = element("fieldset", {}, data.element, form.element);
  const settings = element("form", { id: "settings", novalidate: true }, fields);
  const controls = element("div", { class: "controls" }, buttons.start, buttons.pause, buttons.stop, status);
  section.append(
    title,
    lead,
    element(
      "div",
      { class: "workbench" },
      settings,
      element("div", { class: "output" }, offered, controls, failure.element, results.element),
    ),
  );

  let run: Run | null = null;
  let isInvalid = false;
  /** Whether the next start goes on with the training that was cut off. */
  let goesOn = false;
  const write = () => {
    const words = trainText[page.language];
    const { phase } = page;
    title.textContent = words.title;
    lead.textContent = words.lead;
    settings.setAttribute("aria-label", words.settings);
    buttons.start.textContent = words.start;
    buttons.pause.textContent = phase === "paused" ? words.resume : words.pause;
    buttons.stop.textContent = words.stop;
    status.textContent = isInvalid ? (goesOn ? words.fileAgain : words.invalid) : statusOf(page, run);
    offer.text.textContent = words.cutOff;
    offer.goOn.textContent = words.goOn;
    offer.discard.textContent = words.discard;
    buttons.start.disabled = phase !== "idle";
    buttons.pause.disabled = phase !== "training" && phase !== "paused";
    buttons.stop.disabled = phase === "idle" || phase === "stopping";
    fields.disabled = phase !== "idle";
  };
  inWords(page, trainText, write);
  page.on("phase", write);
  page.on("epoch", ({ cell, epoch, epochs, loss }) => {
    const words = trainText[page.language];
    const number = (value: number) => formatNumber(page.language, value, { maximumFractionDigits: 3 });
    const told = words.epochDone(words.cells[cell], number(epoch), number(epochs), number(loss));
    status.textContent = `${words.phases.training} ${told}`;
  });

  const start = async () => {
    failure.clear();
    const chosen = data.chosen();
    const read = form.read();
    isInvalid = !chosen || !read;
    if (!chosen || !read) return write();
    run = null;
    offered.hidden = true;
    const params = new URLSearchParams([...form.params(), ...data.params()]);
    try {
      await training.start(read, chosen.source, chosen.wanted(read), { params, resume: goesOn }, (begun) => {
        run = begun;
        results.add(begun);
      });
    } catch (error) {
      failure.show(error);
    }
    goesOn = false;
    write();
    await lookForCutOff();
  };
  const lookForCutOff = async () => {
    const isThere = await cutOff.isThere();
    if (page.phase === "idle") offered.hidden = !isThere;
  };
  offer.goOn.addEventListener("click", () => {
    const params = cutOff.noted();
    if (!params) return;
    form.take(params);
    data.choose(params);
    goesOn = true;
    void start();
  });
  offer.discard.addEventListener("click", async () => {
    cutOff.note(null);
    offered.hidden = true;
    goesOn = false;
    const own = await cutOff.ownStores();
    await own?.clear().catch(() => {});
    await own?.release();
  });
  void lookForCutOff();
  settings.addEventListener("submit", (event) => {
    event.preventDefault();
    void start();
  });
  buttons.pause.addEventListener("click", () => {
    if (page.phase === "paused") training.resume();
    else training.pause();
  });
  buttons.stop.addEventListener("click", () => training.stop());
  // A page that is kept for the way back would keep its workers, too.
  addEventListener("pagehide", () => {
    training.leave();
    void closeModels(page);
  });

  settings.addEventListener("change", () => {
    keepInLink("words", new URLSearchParams([...form.params(), ...data.params()]));
  });
  return {
    settings: (params) => {
      if (page.phase !== "idle") return;
      form.take(params);
      data.choose(params);
    },
    take: (files) => data.take(files),
    metadata: () => training.metadata,
  };
}

/** What the page is at, in words; after a run, how it ended. */
function statusOf({ phase, language }: Page, run: Run | null): string {
  const words = trainText[language];
  if (phase !== "idle" || !run) return words.phases[phase];
  const states = run.progress.map(({ state }) => state);
  if (states.includes("failed")) return words.ended.failed;
  if (states.includes("stopped")) return words.ended.stopped;
  return words.ended.done(run.progress.map(({ cell }) => words.cells[cell]).join(", "));
}
