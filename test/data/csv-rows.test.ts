import fc from "fast-check";
import Papa from "papaparse";
import { describe, expect, test } from "vitest";
import { csvRows, findSeparator, type Row, RowReader } from "../../src/data/csv-rows.ts";
import { LstmkitError } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";
import { longText, outcomeOf } from "./fuzz.ts";

const read = (text: string, separator = ",", hasQuotes = true) => [...csvRows(text, separator, hasQuotes)];
const cellsOf = (text: string, separator?: string, hasQuotes?: boolean) =>
  read(text, separator, hasQuotes).map(({ cells }) => cells);

describe("csvRows", () => {
  test("ends rows at \\n, \\r\\n and \\r, all in one file, and keeps line breaks in quotes", () => {
    const rows = read('a,b\r\nc,d\ne,f\r"g\r\nh\ri\nj",k\r\n\r\nl,m');
    expect(rows.map(({ cells }) => cells)).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e", "f"],
      ["g\r\nh\ri\nj", "k"],
      ["l", "m"],
    ]);
    expect(rows.map(({ line, lines }) => [line, lines])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 4],
      [9, 1],
    ]);
  });

  test("leaves out rows of blank cells", () => {
    expect(read('\n ,\t\n,,,\na,\n"",""\n').map(({ cells, line }) => [cells, line])).toEqual([
      [["a", ""], 4],
    ]);
  });

  test("takes a quote for one only where it opens a cell", () => {
    expect(cellsOf('5" pipe,a "b",""\n"""c""" ,d')).toEqual([
      ['5" pipe', 'a "b"', ""],
      ['"c"', "d"],
    ]);
    expect(cellsOf('"a,"b\n"', ",", false)).toEqual([['"a', '"b'], ['"']]);
  });

  test.each([
    ['a,b\n"c\nd,e\n', /line 2: the quote that opens a cell there is never closed.*--quote none/],
    ['a,b\n\r\n"c\rd"e,f\n', /line 3: the cell that a quote opens there goes on behind .* in line 4; /],
    ['"a"" ,b', /line 1: .* never closed/],
    ['a\t"b" c', /line 1: .* goes on/, "\t"],
  ])("refuses %j, which would swallow what follows", (text, message, separator = ",") => {
    expect(() => cellsOf(text, separator)).toThrow(codedError("BAD_CSV", message));
  });

  const cell = fc.string({
    unit: fc.constantFrom("a", "é", " ", ",", ";", "\t", '"', "\n", "\r", "\r\n"),
    maxLength: 6,
  });
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain((columns) =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 6 }),
    );
  const isBlank = (row: readonly string[]) => row.every((text) => text.trim() === "");

  test("reads back any table, whatever its separator and its line ends, with the lines of its rows", () => {
    const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(",", ";", "\t", "|"),
        fc.infiniteStream(lineEnd),
        (rows, separator, ends) => {
          let text = "";
          const lines: number[] = [];
          for (const row of rows) {
            const quoted = row.map((value) => `"${value.replaceAll('"', '""')}"`).join(separator);
            if (!isBlank(row)) lines.push(1 + (text.match(/\r\n|\r|\n/g)?.length ?? 0));
            text += quoted + ends.next().value;
          }
          const found = read(text, separator);
          expect(found.map(({ cells }) => cells)).toEqual(rows.filter((row) => !isBlank(row)));
          expect(found.map(({ line }) => line)).toEqual(lines);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("reads what Papa Parse writes, and as Papa Parse does where that finds nothing wrong", () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(",", ";", "\t"),
        fc.constantFrom("\n", "\r\n"),
        (rows, delimiter, newline) => {
          const text = Papa.unparse(rows, { delimiter, newline });
          expect(cellsOf(text, delimiter)).toEqual(rows.filter((row) => !isBlank(row)));
        },
      ),
      { numRuns: 500 },
    );
    const any = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", " "), maxLength: 20 });
    fc.assert(
      fc.property(any, (text) => {
        const { data, errors } = Papa.parse<string[]>(text, { delimiter: ",", newline: "\n" });
        fc.pre(errors.length === 0);
        expect(cellsOf(text)).toEqual(data.filter((row) => !isBlank(row)));
      }),
      { numRuns: 2000 },
    );
  });

  test("gives rows or a coded error for any text, in time", () => {
    const characters = ["a", ",", '"', "\n", "\r", " "];
    fc.assert(
      fc.property(longText(characters, 'a,b\n"', "a,b\n1,2\n"), fc.boolean(), (text, hasQuotes) => {
        const found = outcomeOf(() => read(text, ",", hasQuotes).length);
        expect(typeof found === "number" || found instanceof LstmkitError).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe("RowReader", () => {
  /** Rows, then what was thrown, of a text in pieces. */
  const inPieces = (pieces: readonly string[], hasQuotes = true) => {
    const reader = new RowReader(",", hasQuotes);
    const rows: Row[] = [];
    try {
      for (const piece of pieces) for (const row of reader.read(piece, false)) rows.push(row);
      for (const row of reader.read("", true)) rows.push(row);
      return { rows };
    } catch (error) {
      return { rows, error: String(error) };
    }
  };

  test("gives the same rows, lines, places and errors wherever the text is cut", () => {
    const text = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", '"",'), maxLength: 40 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 8 }), fc.boolean(), (all, cuts, hasQuotes) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
        const pieces = places.slice(1).map((to, i) => all.slice(places[i], to));
        expect(inPieces(pieces, hasQuotes)).toEqual(inPieces([all], hasQuotes));
      }),
      { numRuns: 3000 },
    );
  });

  test("a row that does not end is refused, with the line where it begins, before it fills the memory", () => {
    const reader = new RowReader(",", true, { most: 1000 });
    expect(() => {
      for (const piece of ['a,b\n"c', ..."x\n".repeat(3000).match(/.{1,9}/gs)!])
        [...reader.read(piece, false)];
    }).toThrow(codedError("BAD_CSV", /line 2: the row .* more than 1000 characters.*--quote none/));
  });

  test("time is linear where a cell comes in many pieces", () => {
    const reader = new RowReader(",", true);
    const piece = 'x""\n'.repeat(64);
    let rows = 0;
    for (let i = 0; i < 40_000; i++) rows += [...reader.read(i === 0 ? `"${piece}` : piece, false)].length;
    rows += [...reader.read('"', true)].length;
    expect(rows).toBe(1);
  });
});

describe("findSeparator", () => {
  test.each([
    [",", "a,b\nc;d,e"],
    [";", "text;label\na, b, c;0\nd;1"],
    ["\t", "ham\tGo until, crazy.. Available\nspam\tFree entry in 2\nham\tok, lar"],
    [",", 'text,label\n"a;b\tc",0\n"d;e\tf",1'],
    ["\t", '"a, b"\tc\n"d'],
    [",", ""],
    [",", "one column\nof words"],
  ])("%j in %j", (separator, text) => {
    expect(findSeparator(text, true)).toBe(separator);
  });

  test("looks at no more than the beginning", () => {
    expect(findSeparator(`a;b\n${"c;d\n".repeat(20_000)}${"e,f,g\n".repeat(50_000)}`, true)).toBe(";");
  });
});
