/** A named choice from a list whose entries change. */
import { element } from "./elements.ts";

export interface Select {
  /** The label with the list in it. */
  readonly field: HTMLLabelElement;
  readonly name: HTMLSpanElement;
  readonly list: HTMLSelectElement;
  /**
   * Give the list its entries, pairs of value and text. What the visitor chose stays, where it is still there; else
   * `fallback` is chosen; without one what was there, or the first.
   */
  offer(entries: readonly (readonly [value: string, text: string])[], fallback?: string): void;
}

export function select(): Select {
  const name = element("span");
  const list = element("select");
  let isChosen = false;
  list.addEventListener("change", () => {
    isChosen = true;
  });
  return {
    field: element("label", {}, name, list),
    name,
    list,
    offer(entries, fallback) {
      const chosen = list.value;
      list.replaceChildren(...entries.map(([value, text]) => element("option", { value }, text)));
      const isThere = entries.some(([value]) => value === chosen);
      if (isThere && (isChosen || fallback === undefined)) list.value = chosen;
      else if (fallback !== undefined) list.value = fallback;
    },
  };
}
