/** What a page's script is told. */
export interface HoverData {
  readonly words: readonly string[];
  readonly layers: readonly {
    readonly name: string;
    readonly units: number;
    readonly panels: readonly {
      readonly title: string;
      /** What 1 stands for in `values`. */
      readonly high: number;
      /** (words, units) as shares of `high`, 16 bits each with the sign, little-endian, in base64. */
      readonly values: string;
    }[];
  }[];
}

/**
 * The script of a page, which takes this function's text: it may use nothing of its module. Shows the
 * value under the pointer, or under the cell that arrow keys move.
 */
export function hover(): void {
  const data = JSON.parse(document.getElementById("values")!.textContent!) as HoverData;
  const readout = document.getElementById("readout")!;
  const decoded = new Map<string, Int16Array>();
  const valuesOf = (values: string): Int16Array => {
    let numbers = decoded.get(values);
    if (!numbers) {
      const bytes = Uint8Array.from(atob(values), (character) => character.charCodeAt(0));
      numbers = new Int16Array(bytes.buffer);
      decoded.set(values, numbers);
    }
    return numbers;
  };
  for (const cell of document.querySelectorAll<SVGRectElement>("rect[data-panel]")) {
    const layer = data.layers[Number(cell.dataset.layer)]!;
    const { title, high, values } = layer.panels[Number(cell.dataset.panel)]!;
    let [row, unit] = [0, 0];
    const show = () => {
      const value = (valuesOf(values)[row * layer.units + unit]! / 32767) * high;
      readout.textContent = `${data.words[row]} · ${layer.name}, ${title}, unit ${unit}: ${value.toFixed(4)}`;
    };
    const within = (index: number, length: number) => Math.min(Math.max(index, 0), length - 1);
    const move = (toRow: number, toUnit: number) => {
      row = within(toRow, data.words.length);
      unit = within(toUnit, layer.units);
      show();
    };
    cell.setAttribute("tabindex", "0");
    cell.setAttribute("role", "application");
    cell.setAttribute("aria-label", `${layer.name}, ${title}: arrow keys read the values`);
    cell.setAttribute("aria-describedby", "readout");
    cell.addEventListener("pointermove", (event) => {
      const box = cell.getBoundingClientRect();
      move(
        Math.floor(((event.clientY - box.top) / box.height) * data.words.length),
        Math.floor(((event.clientX - box.left) / box.width) * layer.units),
      );
    });
    cell.addEventListener("focus", show);
    cell.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      move(row + step[0]!, unit + step[1]!);
    });
  }
}
