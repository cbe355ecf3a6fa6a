/** The place whose text goes on. */
import { proxy } from "comlink";
import { handOver } from "../copyable.ts";
import { element } from "../elements.ts";
import { codeOf } from "../failure.ts";
import type { Page } from "../page.ts";
import type { OpenPlace } from "../places.ts";
import { keepInLink } from "../route.ts";
import { DataChoice } from "../tasks/data-choice.ts";
import { Fields } from "../tasks/fields.ts";
import { Learning } from "../tasks/learning.ts";
import { modelName, Workbench } from "../tasks/workbench.ts";
import { threadsField } from "../threads-field.ts";
import { inWords } from "../words.ts";
import { WorkerLink } from "../worker-link.ts";
import { generateText } from "./generate.text.ts";
import type { GenerateCalls, Opened, Told } from "./generate-worker.ts";
import { drawOf, optionsOf, TRAIN_RULES, trainCommand, WRITE_RULES, writeCommand } from "./settings.ts";

export function mountGenerate(section: HTMLElement, page: Page): OpenPlace {
  const link = new WorkerLink<GenerateCalls>(
    () => new Worker(new URL("./generate-worker.ts", import.meta.url), { type: "module" }),
    "Load or train a model again.",
  );
  const bench = new Workbench(section, page, "generate", generateText, { train, load, save });

  const keep = () => {
    const prompt = field.value === generateText[page.language].firstPrompt ? [] : [["prompt", field.value]];
    const all = [...fields.params(), ...draw.params(), ...data.params(), ...prompt] as [string, string][];
    keepInLink("generate", new URLSearchParams(all));
    writeCommandShown();
  };
  let names: string[] = [];
  const data = new DataChoice(page, "generate", {
    texts: generateText,
    accept: ".txt,.md,.text",
    multiple: true,
    take: async (files) => {
      await link.call((calls) => calls.give([...files]));
      names = files.map(({ name }) => name);
    },
    onChange: () => keep(),
  });
  const fields = new Fields(page, "generate", TRAIN_RULES, generateText, () => keep());
  const draw = new Fields(page, "generate", WRITE_RULES, generateText, () => keep());
  const threads = threadsField(page, "generate-threads");
  fields.addMore(threads.box);
  bench.form.append(data.element, fields.first, fields.more);

  const learning = new Learning(page, bench, () => generateText[page.language].curve);
  const bits = element("p", { id: "generate-bits" });
  const label = element("label", { for: "generate-prompt" });
  const field = element("textarea", { id: "generate-prompt", rows: 3, spellcheck: "false" });
  const go = element("button", { type: "button", class: "main", id: "generate-write" });
  const halt = element("button", { type: "button", id: "generate-halt", disabled: true });
  const status = element("p", { role: "status", class: "status" });
  const output = element("div", { class: "written", id: "generate-output", role: "group", tabindex: 0 });
  const warning = element("p", { class: "about", lang: "en" });
  const commandAbout = element("span", { class: "about" });
  const command = element("code", { class: "command", id: "generate-write-command" });
  const result = element(
    "div",
    { hidden: true },
    bits,
    label,
    field,
    draw.first,
    element("div", { class: "controls" }, go, halt, status),
    output,
    warning,
    element("p", {}, commandAbout, " ", command),
  );
  bench.results.append(learning.element, result);

  let opened: Opened | null = null;
  let isWriting = false;
  let characters: number | null = null;

  async function train(signal: AbortSignal): Promise<boolean> {
    await data.settled();
    const values = fields.read();
    if (!values) {
      bench.tell("invalid");
      return false;
    }
    if (data.isMissing) {
      bench.tell("noFile");
      return false;
    }
    const kind = data.isOwn ? ("own" as const) : ("moby-dick" as const);
    const said = trainCommand(kind, names, values.unit === "words", fields.flags());
    const request = { data: kind, options: optionsOf(values), threads: threads.read() };
    signal.addEventListener("abort", () => void link.call((calls) => calls.stop()));
    learning.clear();
    const onTold = proxy<Told>(({ batch, batches, ...progress }) => {
      learning.add({ ...progress, epoch: (batch / batches) * progress.epochs - 1 });
      bench.tell("preparing", () =>
        generateText[page.language].passOf(
          bench.number(progress.epoch + 1),
          bench.number(progress.epochs),
          bench.number(progress.valLoss, 3),
        ),
      );
    });
    await show(await link.call((calls) => calls.train(request, onTold)));
    bench.ended({ digest: opened!.digest, command: said });
    return true;
  }

  async function load(file: File): Promise<void> {
    await data.settled();
    const made = await link.call((calls) => calls.load(file));
    learning.clear();
    await show(made);
    bench.tell("ready");
    bench.ended({ digest: made.digest, command: null });
  }

  async function save(): Promise<string> {
    const bytes = await link.call((calls) => calls.save());
    const name = modelName(data.fileName ?? "moby-dick", "generate");
    handOver(name, bytes, "application/octet-stream");
    return name;
  }

  async function show(made: Opened): Promise<void> {
    opened = made;
    result.hidden = false;
    write();
    await writeOn();
  }

  async function writeOn(): Promise<void> {
    const values = draw.read();
    if (!values || !opened) return;
    const prompt = field.value;
    output.replaceChildren(element("strong", {}, prompt));
    warning.textContent = "";
    characters = 0;
    setWriting(true);
    try {
      const onPiece = proxy(async (piece: string) => {
        output.append(piece);
        characters = (characters ?? 0) + piece.length;
      });
      const onFinding = proxy((message: string) => {
        warning.textContent = message;
      });
      await link.call((calls) => calls.write(drawOf(values, prompt), onPiece, onFinding));
    } catch (error) {
      if (codeOf(error) !== "ABORTED") throw error;
    } finally {
      setWriting(false);
    }
  }

  function setWriting(now: boolean): void {
    isWriting = now;
    go.disabled = now;
    halt.disabled = !now;
    output.setAttribute("aria-busy", String(now));
    writeStatus();
  }
  go.addEventListener("click", () => void bench.try(writeOn));
  halt.addEventListener("click", () => void link.call((calls) => calls.stopWriting()));
  field.addEventListener("change", () => keep());

  function writeStatus(): void {
    const words = generateText[page.language];
    if (isWriting) status.textContent = words.writing;
    else status.textContent = characters === null ? "" : words.written(bench.number(characters));
  }

  function writeCommandShown(): void {
    command.textContent = writeCommand(field.value, draw.flags());
  }

  function write(): void {
    const words = generateText[page.language];
    label.textContent = words.prompt;
    go.textContent = words.write;
    halt.textContent = words.stopWriting;
    output.setAttribute("aria-label", words.output);
    commandAbout.textContent = words.command;
    const report = opened?.report;
    const baselines = (report?.baselines ?? []).map(
      ({ name, bits: of }) => `${bench.number(of, 2)} (${words.baselines[name] ?? name})`,
    );
    bits.hidden = !report || report.bits.validation === null;
    if (report && report.bits.validation !== null) {
      bits.textContent = words.bits(bench.number(report.bits.validation, 2), baselines.join(", "));
    }
    writeStatus();
    writeCommandShown();
  }

  field.value = generateText[page.language].firstPrompt;
  inWords(page, generateText, write);
  addEventListener("pagehide", () => link.end());
  void bench.first(async () => {
    const made = await link.call((calls) => calls.openShipped());
    if (opened || bench.isBusy) return; // the visitor was faster
    bench.ended({ digest: made.digest, command: null });
    await show(made);
  });

  return {
    settings: (params) => {
      fields.take(params);
      draw.take(params);
      data.choose(params);
      field.value = params.get("prompt") ?? generateText[page.language].firstPrompt;
      writeCommandShown();
    },
    take: (files) => bench.take(files, data),
  };
}
