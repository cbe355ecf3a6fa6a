/** Cells that are names of classes. */
import { classKey, type Rename } from "../classes.ts";
import type { FilledOptions } from "./options.ts";
import { bad } from "./table.ts";

/** What other names stand for. */
export function renamer(rename: Rename = {}): (name: string) => string {
  const names = new Map(Object.entries(rename).map(([from, to]) => [classKey(from), to]));
  return (name) => names.get(classKey(name)) ?? name;
}

/** One class. @throws BAD_CSV for an empty cell */
export function oneTarget(cell: string, place: string, column: string, options: FilledOptions): string {
  if (classKey(cell) === "") throw bad(`${place} has no ${column}`, "a class in every row");
  return renamer(options.rename)(cell.trim());
}

/** Any number of them, each once, in the order of the cell. */
export function manyTargets(cell: string, { labelSeparator, rename }: FilledOptions): string[] {
  const other = renamer(rename);
  const names = new Map<string, string>();
  for (const part of cell.split(labelSeparator)) {
    const name = other(part.trim());
    if (classKey(name) !== "" && !names.has(classKey(name))) names.set(classKey(name), name);
  }
  return [...names.values()];
}
