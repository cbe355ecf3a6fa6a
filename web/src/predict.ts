/** The section that predicts as one types, and keeps and takes model files. */
import { element } from "./elements.ts";
import { encodeText } from "./encoded-text.ts";
import { EXAMPLES } from "./examples.ts";
import { codeOf, FailureNotice } from "./failure.ts";
import { fileButton } from "./file-button.ts";
import { loadModelFile, openShippedModel, saveModelFile } from "./model-file.ts";
import { type EncodedText, type LiveModel, type Page, titleOf } from "./page.ts";
import { predictText } from "./predict.text.ts";
import type { Metadata } from "./training.ts";
import { formatNumber, inWords } from "./words.ts";

/** Milliseconds without a key before the text is read. */
const PAUSE = 120;
/** Milliseconds between two predictions while a model trains. */
const REFRESH = 500;

export interface PredictSection {
  /** A model file that was dropped on the page. */
  load(file: File): Promise<void>;
  /** The model that comes with the page, with a text to look at, where nothing else is there yet. */
  openShipped(): Promise<void>;
}

/** What a model said last. */
interface Answer {
  readonly live: LiveModel;
  /** Of class 1; null before the model has answered. */
  probability: number | null;
  /** What it was asked about. */
  text: EncodedText | null;
}

export function mountPredict(section: HTMLElement, page: Page, metadata: () => Metadata): PredictSection {
  const title = element("h2", { id: "predict-title" });
  const lead = element("p", { class: "lead" });
  const label = element("label", { for: "text" });
  const field = element("textarea", { id: "text", rows: 4, spellcheck: "false" });
  const examples = element("p", { class: "row", id: "examples" });
  const output = element("div", { id: "predictions" });
  const spoken = element("p", { role: "status", class: "unseen" });
  const about = element("p", { class: "about", id: "text-about" });
  field.setAttribute("aria-describedby", about.id);
  const save = element("div", { class: "row" });
  const loadAbout = element("p", { class: "about", id: "model-file-about" });
  const file = fileButton(
    { id: "model-file", accept: ".safetensors", "aria-describedby": loadAbout.id },
    ([chosen]) => void load(chosen!),
  );
  file.chosen.hidden = true; // what was loaded is told below
  const done = element("p", { role: "status", class: "given" });
  const failure = new FailureNotice(page);
  section.append(
    title,
    lead,
    element(
      "div",
      { class: "two" },
      element("div", {}, label, field, about, examples),
      element("div", {}, output, spoken, save, file.element, loadAbout, done, failure.element),
    ),
  );

  let answers: Answer[] = [];
  let note: "loaded" | "saved" | "shipped" | null = null;
  let noteName = "";

  const write = () => {
    const words = predictText[page.language];
    title.textContent = words.title;
    lead.textContent = words.lead;
    label.textContent = words.text;
    file.label.textContent = words.load;
    loadAbout.textContent = words.loadAbout;
    done.textContent = note ? words[note](noteName) : "";
    writeExamples();
    writeSave();
    writeAnswers();
    writeAbout();
  };
  const writeExamples = () => {
    const known = EXAMPLES[page.reading?.dataset ?? ""] ?? [];
    const words = predictText[page.language];
    const chips = known.map(({ name, text }) => {
      const attributes = { type: "button", ...(name !== undefined && { lang: "en" }) };
      const button = element("button", attributes, name ?? words.hard);
      button.addEventListener("click", () => {
        field.value = text;
        read();
      });
      return button;
    });
    examples.replaceChildren(...(known.length > 0 ? [words.examples, ...chips] : []));
  };
  const writeSave = () => {
    const words = predictText[page.language];
    const buttons = page.models.map((live) => {
      const button = element("button", { type: "button" }, words.save(titleOf(live.model)));
      button.addEventListener("click", () => void keep(live));
      return button;
    });
    save.replaceChildren(...buttons);
  };
  const writeAbout = () => {
    const steps = page.text?.steps ?? [];
    const used = steps.filter(({ kind }) => kind === "known" || kind === "unknown");
    const unknown = steps.filter(({ kind }) => kind === "unknown");
    const number = (value: number) => formatNumber(page.language, value);
    about.textContent = page.text
      ? predictText[page.language].read(number(used.length), number(page.text.total), number(unknown.length))
      : "";
  };
  const writeAnswers = () => {
    const words = predictText[page.language];
    const { reading } = page;
    if (!reading || page.models.length === 0) return output.replaceChildren(element("p", {}, words.none));
    if (!reading.vocabulary) return output.replaceChildren(element("p", {}, words.noVocabulary));
    output.replaceChildren(
      ...answers.map(({ live, probability }) => {
        const cell = titleOf(live.model);
        const box = element("div", { class: `answer ${live.cell}` });
        if (probability === null) box.append(element("p", {}, `${cell}: ${words.later}`));
        else box.append(...bars(cell, probability, reading.classes));
        return box;
      }),
    );
  };
  const percent = (share: number) =>
    formatNumber(page.language, share, {
      style: "percent",
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
  const sentence = (cell: string, probability: number, classes: readonly [string, string]) => {
    const winner = probability > 0.5 ? 1 : 0;
    const share = winner === 1 ? probability : 1 - probability;
    return predictText[page.language].says(cell, classes[winner], percent(share));
  };
  const bars = (cell: string, probability: number, classes: readonly [string, string]): HTMLElement[] => {
    const rows = ([0, 1] as const).map((index) => {
      const share = index === 1 ? probability : 1 - probability;
      const meter = element("progress", {
        max: 1,
        value: share,
        class: `class-${index}`,
        "aria-label": `${cell}: ${classes[index]}`,
      });
      return element("div", { class: "share" }, element("span", {}, classes[index]), meter, percent(share));
    });
    return [element("p", { class: "sentence" }, sentence(cell, probability, classes)), ...rows];
  };

  /** Answers to a new text are read out; those of a model that trains on are not. */
  const speak = () => {
    const said = answers.flatMap(({ live, probability, text }) =>
      probability === null || text !== page.text || !page.reading || text?.text === ""
        ? []
        : [sentence(titleOf(live.model), probability, page.reading.classes)],
    );
    spoken.textContent = said.join("; ");
  };

  const read = () => {
    const vocabulary = page.reading?.vocabulary;
    try {
      page.set({ text: vocabulary && page.models.length > 0 ? encodeText(vocabulary, field.value) : null });
    } catch (error) {
      page.set({ text: null });
      failure.show(error);
    }
  };
  let typing: ReturnType<typeof setTimeout> | undefined;
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(read, PAUSE);
  });

  const ask = async (answer: Answer): Promise<void> => {
    const { text } = page;
    if (!text) return;
    try {
      const { data } = await answer.live.model.predict(text.x);
      if (page.text !== text || !answers.includes(answer)) return; // another text, another model
      const isNew = answer.text !== text;
      answer.text = text;
      answer.probability = data[0]!;
      failure.clear();
      if (isNew) speak();
    } catch (error) {
      if (!answers.includes(answer)) return;
      const code = codeOf(error);
      if (code === "WORKER_DIED") {
        page.set({ models: page.models.filter((other) => other !== answer.live) });
      }
      if (code === "BUSY") {
        if (answer.text !== text) answer.probability = null;
      } else if (code !== "DISPOSED") failure.show(error);
    }
    writeAnswers();
  };
  /** One call at a time for each model; of the texts that came meanwhile, the last. */
  const queues = new Map<Answer, { again: boolean }>();
  const predict = async (answer: Answer): Promise<void> => {
    const running = queues.get(answer);
    if (running) {
      running.again = true;
      return;
    }
    const queue = { again: true };
    queues.set(answer, queue);
    while (queue.again) {
      queue.again = false;
      await ask(answer);
    }
    queues.delete(answer);
  };
  const predictAll = () => {
    for (const answer of answers) void predict(answer);
  };

  page.on("models", (models) => {
    if (note === "shipped") note = null;
    // Of models before these; a training that has failed with its model tells so itself.
    failure.clear();
    answers = models.map((live) => ({ live, probability: null, text: null }));
    write();
    read();
  });
  page.on("text", () => {
    writeAbout();
    if (page.text) predictAll();
    else writeAnswers();
  });
  page.on("phase", (phase) => {
    file.input.disabled = phase !== "idle";
    if (phase === "idle") predictAll();
  });
  // Not awaited: the model trains on.
  let refreshed = 0;
  page.on("batch", ({ model }) => {
    if (performance.now() - refreshed < REFRESH) return;
    refreshed = performance.now();
    for (const answer of answers) if (answer.live.model === model) void predict(answer);
  });
  page.on("epoch", ({ model }) => {
    for (const answer of answers) if (answer.live.model === model) void predict(answer);
  });

  const keep = async (live: LiveModel): Promise<void> => {
    failure.clear();
    try {
      noteName = await saveModelFile(live, page.reading!, metadata()); // models have a reading
      note = "saved";
    } catch (error) {
      failure.show(error);
    }
    write();
  };
  const load = async (chosen: File): Promise<void> => {
    failure.clear();
    note = null;
    if (page.phase !== "idle") {
      done.textContent = predictText[page.language].busy;
      return;
    }
    try {
      await loadModelFile(page, chosen);
      note = "loaded";
      noteName = chosen.name;
    } catch (error) {
      failure.show(error);
    }
    write();
  };
  const openShipped = async (): Promise<void> => {
    try {
      if (!(await openShippedModel(page))) return;
      note = "shipped";
      if (field.value === "") {
        field.value = EXAMPLES[page.reading?.dataset ?? ""]?.[0]?.text ?? "";
        // Whoever goes there to write has no use for it.
        field.addEventListener("focus", () => field.select(), { once: true });
      }
      read();
    } catch (error) {
      failure.show(error);
    }
    write();
  };

  inWords(page, predictText, write);
  return { load, openShipped };
}
