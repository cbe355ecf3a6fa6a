/** The choice between what comes with the page and files of one's own. */
import { element } from "../elements.ts";
import { FailureNotice } from "../failure.ts";
import { fileButton } from "../file-button.ts";
import type { Page } from "../page.ts";
import { inWords, type Words } from "../words.ts";
import { tasksText } from "./tasks.text.ts";

interface DataWords {
  /** What comes with the page. */
  readonly shipped: string;
  readonly shippedAbout: string;
  readonly ownFile: string;
  readonly ownAbout: string;
}

export interface DataChoiceOptions {
  readonly texts: Words<DataWords>;
  readonly accept: string;
  readonly multiple?: boolean;
  /** Reads what was chosen; what it throws is shown here. */
  readonly take: (files: readonly File[]) => Promise<void>;
  readonly onChange: () => void;
}

const KINDS = ["shipped", "own"] as const;
type Kind = (typeof KINDS)[number];

export class DataChoice {
  readonly element = element("fieldset", { class: "data" });
  /** For what is asked of files. */
  readonly ownPanel = element("div");
  readonly #shippedPanel = element("div");
  readonly #radios = {} as Record<Kind, HTMLInputElement>;
  readonly #failure: FailureNotice;
  readonly #options: DataChoiceOptions;
  #names: readonly string[] = [];
  #taking: Promise<void> = Promise.resolve();
  readonly #chosen: HTMLElement;

  constructor(page: Page, place: string, options: DataChoiceOptions) {
    this.#options = options;
    const { texts, accept, multiple } = options;
    const legend = element("legend");
    const choices = element("div", { class: "switch" });
    const labels = {} as Record<Kind, HTMLElement>;
    for (const kind of KINDS) {
      const isFirst = kind === "shipped";
      this.#radios[kind] = element("input", {
        type: "radio",
        name: `${place}-data`,
        value: kind,
        checked: isFirst,
      });
      this.#radios[kind].addEventListener("change", () => {
        this.#show();
        options.onChange();
      });
      labels[kind] = element("span");
      choices.append(element("label", {}, this.#radios[kind], labels[kind]));
    }
    const about = element("p", { class: "about" });
    const ownAbout = element("p", { class: "about", id: `${place}-file-about` });
    this.#failure = new FailureNotice(page);
    const button = fileButton(
      { id: `${place}-file`, accept, ...(multiple && { multiple }), "aria-describedby": ownAbout.id },
      (files) => void this.take(files),
    );
    this.#chosen = button.chosen;
    this.#shippedPanel.append(about);
    this.ownPanel.append(button.element, ownAbout);
    this.element.append(legend, choices, this.#shippedPanel, this.ownPanel, this.#failure.element);
    inWords(page, texts, (words) => {
      labels.shipped.textContent = words.shipped;
      about.textContent = words.shippedAbout;
      button.label.textContent = words.ownFile;
    });
    inWords(page, tasksText, (words) => {
      legend.textContent = words.data;
      labels.own.textContent = words.own;
      ownAbout.textContent = `${texts[page.language].ownAbout} ${words.drop}`;
    });
    this.#show();
  }

  get isOwn(): boolean {
    return this.#radios.own.checked;
  }

  /** Whether files are wanted that nobody chose. */
  get isMissing(): boolean {
    return this.isOwn && this.#names.length === 0;
  }

  /** Of the first file; null where what comes with the page is chosen. */
  get fileName(): string | null {
    return this.isOwn ? (this.#names[0] ?? null) : null;
  }

  /** Files that were chosen or dropped. */
  take(files: readonly File[]): Promise<void> {
    this.#taking = this.#take(files);
    return this.#taking;
  }

  /** Resolves when what was chosen last has been looked at. */
  settled(): Promise<void> {
    return this.#taking;
  }

  async #take(files: readonly File[]): Promise<void> {
    this.#failure.clear();
    try {
      await this.#options.take(files);
      this.#names = files.map(({ name }) => name);
      this.#chosen.textContent = this.#names.slice(0, 3).join(", ") + (this.#names.length > 3 ? ", …" : "");
      this.#radios.own.checked = true;
      this.#show();
      this.#options.onChange();
    } catch (error) {
      this.#chosen.textContent = this.#names.slice(0, 3).join(", ");
      this.#radios.own.checked = true;
      this.#show();
      this.#failure.show(error);
    }
  }

  /** For a link: a file cannot be in one, but that one is wanted. */
  params(): URLSearchParams {
    return new URLSearchParams(this.isOwn ? { data: "own" } : {});
  }

  /** What a link says. */
  choose(params: URLSearchParams): void {
    this.#radios[params.get("data") === "own" ? "own" : "shipped"].checked = true;
    this.#show();
  }

  #show(): void {
    this.#shippedPanel.hidden = this.isOwn;
    this.ownPanel.hidden = !this.isOwn;
  }
}
