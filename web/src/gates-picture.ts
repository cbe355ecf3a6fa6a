/** The picture of the gates: words beside heat maps, all on the same rows, and a cell that can be moved. */
import { colourTable, type ScaleKind } from "../../src/picture/colour-scale.ts";
import { colour, element } from "./elements.ts";
import { type Cell, cellAfterKey, cellAt, type HeatMap, paintHeatMap } from "./heat-map.ts";
import type { Theme } from "./page.ts";

/** One line of the picture. */
export interface Row {
  readonly label: string;
  /** Faint: padding, the start, an unknown word. */
  readonly faint: boolean;
  /** Shown beside words that move the prediction; empty elsewhere. */
  readonly move: string;
  /** Between 0 and 1. */
  readonly answer: number;
}

export interface Panel {
  readonly name: string;
  readonly title: string;
  readonly kind: ScaleKind;
  readonly map: HeatMap;
  /** The ends of the scale, as they are written. */
  readonly low: string;
  readonly high: string;
}

export interface Picture {
  readonly wordTitle: string;
  readonly answerTitle: string;
  readonly classes: readonly [string, string];
  readonly rows: readonly Row[];
  /** At least one; all have the same rows and units. */
  readonly panels: readonly Panel[];
  readonly theme: Theme;
}

export class GatesPicture {
  /** Holds the keyboard's focus; its name and description are the caller's. */
  readonly frame = element("div", { class: "gates-picture", role: "application", tabindex: 0 });
  readonly #grid = element("div", { class: "gates-grid" });
  readonly #rowMark = element("div", { class: "row-mark" });
  #unitMarks: HTMLElement[] = [];
  /** Kept from picture to picture: a canvas is dear to make. */
  readonly #canvases = new Map<string, HTMLCanvasElement>();
  #picture: Picture | undefined;
  #cell: Cell = { row: 0, column: 0 };
  readonly #moved: (cell: Cell, byKey: boolean) => void;

  /** @param moved told when the cell moves; `byKey` where it was the keyboard that moved it */
  constructor(moved: (cell: Cell, byKey: boolean) => void) {
    this.#moved = moved;
    this.frame.append(this.#grid);
    this.frame.addEventListener("keydown", (event) => {
      if (!this.#picture || event.altKey || event.metaKey) return;
      const { rows, units } = this.#picture.panels[0]!.map;
      const next = cellAfterKey(this.#cell, event, rows, units);
      if (!next) return;
      event.preventDefault();
      this.#move(next, true);
    });
    for (const type of ["pointerdown", "pointermove"] as const) {
      this.frame.addEventListener(type, (event) => this.#point(event));
    }
    new ResizeObserver(() => this.#paint()).observe(this.frame);
  }

  get cell(): Cell {
    return this.#cell;
  }

  /** How many units share a column of the picture where there are more units than pixels; else 1. */
  get unitsPerColumn(): number {
    const panel = this.#picture?.panels[0];
    return panel ? panel.map.units / this.#canvas(panel.name).width : 1;
  }

  show(picture: Picture): void {
    this.#picture = picture;
    const { rows, units } = picture.panels[0]!.map;
    this.#cell = { row: Math.min(this.#cell.row, rows - 1), column: Math.min(this.#cell.column, units - 1) };
    this.#unitMarks = picture.panels.map(() => element("div", { class: "unit-mark" }));
    this.#grid.style.setProperty("--panels", String(picture.panels.length));
    this.#grid.style.setProperty("--rows", String(rows));
    this.#grid.replaceChildren(
      element("div", { class: "head" }, picture.wordTitle),
      element("div", { class: "head" }, picture.answerTitle, ends(...picture.classes)),
      ...picture.panels.map((panel) => head(panel, picture.theme)),
      element(
        "ol",
        {},
        ...picture.rows.map(({ label, faint, move }) =>
          element(
            "li",
            { class: faint ? "faint" : undefined },
            element("span", { class: "word" }, label),
            ...(move ? [element("b", {}, move)] : []),
          ),
        ),
      ),
      element("div", { class: "panel answer" }, this.#canvas("answer")),
      ...picture.panels.map(({ name }, p) =>
        element("div", { class: "panel" }, this.#canvas(name), this.#unitMarks[p]!),
      ),
      this.#rowMark,
    );
    this.#paint();
    this.#mark();
  }

  /** Move the cell, as a key or a pointer does. */
  #move(cell: Cell, byKey: boolean): void {
    this.#cell = cell;
    this.#mark();
    this.#moved(cell, byKey);
    // Heads stay at the top and the readout at the bottom; the rows' scroll margins leave room for both.
    if (byKey) {
      this.#grid.querySelectorAll("li")[cell.row]?.scrollIntoView({ block: "nearest", behavior: "instant" });
    }
  }

  #point(event: PointerEvent): void {
    if (!this.#picture || !(event.target instanceof Element)) return;
    const { rows, units } = this.#picture.panels[0]!.map;
    const target = event.target.closest<HTMLElement>(".panel, ol");
    if (!target) return;
    const box = target.getBoundingClientRect();
    const hit = cellAt(
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
      rows,
      units,
    );
    const hasUnits = target.matches(".panel:not(.answer)");
    const cell = hasUnits ? hit : { row: hit.row, column: this.#cell.column };
    if (cell.row !== this.#cell.row || cell.column !== this.#cell.column || event.type === "pointerdown") {
      this.#move(cell, false);
    }
  }

  #mark(): void {
    if (!this.#picture) return;
    const { units } = this.#picture.panels[0]!.map;
    const row = `calc(${this.#cell.row} * var(--row))`;
    this.#rowMark.style.transform = `translateY(${row})`;
    for (const mark of this.#unitMarks) {
      mark.style.top = row;
      mark.style.left = `${(100 * this.#cell.column) / units}%`;
      mark.style.width = `${100 / units}%`;
    }
  }

  #canvas(name: string): HTMLCanvasElement {
    let canvas = this.#canvases.get(name);
    if (!canvas) {
      canvas = element("canvas", { "data-panel": name, "aria-hidden": "true" });
      this.#canvases.set(name, canvas);
    }
    return canvas;
  }

  /** One pixel a unit and a word: the browser stretches it. */
  #paint(): void {
    if (!this.#picture) return;
    const { panels, theme, rows } = this.#picture;
    const across = Math.round(this.#canvas(panels[0]!.name).clientWidth * devicePixelRatio);
    const answer = this.#canvas("answer");
    const [width, height] = [answer.clientWidth, answer.clientHeight].map((size) =>
      Math.max(1, Math.round(size * devicePixelRatio)),
    ) as [number, number];
    for (const { name, kind, map } of panels) {
      const canvas = this.#canvas(name);
      const columns = across > 0 ? Math.min(map.units, across) : map.units;
      canvas.width = columns;
      canvas.height = map.rows;
      const image = new ImageData(columns, map.rows);
      paintHeatMap(image.data, map, columns, colourTable(kind, theme));
      context(canvas).putImageData(image, 0, 0);
    }
    answer.width = width;
    answer.height = height;
    paintAnswers(answer, rows);
  }
}

/** Kept in the processor's memory: pixels are put there, and to move each picture to a graphics card takes longer. */
function context(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true })!;
}

/** A bar from the middle to the answer, in the colour of the class it leans to. */
function paintAnswers(canvas: HTMLCanvasElement, rows: readonly Row[]): void {
  const { width, height } = canvas;
  const pen = context(canvas);
  const colours = [colour("--class-0"), colour("--class-1")] as const;
  const step = height / rows.length;
  for (const [r, { answer }] of rows.entries()) {
    pen.fillStyle = colours[answer < 0.5 ? 0 : 1];
    const to = answer * width;
    pen.fillRect(Math.min(width / 2, to), r * step + 1, Math.max(1, Math.abs(to - width / 2)), step - 2);
  }
  pen.fillStyle = colour("--edge");
  pen.fillRect(Math.round(width / 2) - 0.5, 0, 1, height);
}

/** A panel's name and its scale. */
function head({ name, title, kind, low, high }: Panel, theme: Theme): HTMLElement {
  const bar = element("canvas", { class: "scale", "aria-hidden": "true" });
  const table = colourTable(kind, theme);
  const steps = table.length / 3;
  bar.width = steps;
  bar.height = 1;
  const image = new ImageData(steps, 1);
  for (let s = 0; s < steps; s++)
    image.data.set([table[3 * s]!, table[3 * s + 1]!, table[3 * s + 2]!, 255], 4 * s);
  context(bar).putImageData(image, 0, 0);
  return element(
    "div",
    { class: "head", id: `panel-${name}` },
    element("span", {}, title, " ", element("i", {}, name)),
    bar,
    ends(low, high),
  );
}

function ends(low: string, high: string): HTMLElement {
  return element("span", { class: "ends" }, element("span", {}, low), element("span", {}, high));
}
