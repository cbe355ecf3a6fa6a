import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvColumns, textsFromCsv } from "../../src/data/csv.ts";
import { LstmkitError } from "../../src/errors.ts";
import { codedError } from "./coded-error.ts";
import { longText, outcomeOf } from "./fuzz.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("textsFromCsv reads", () => {
  test("quotes, separators and line breaks inside cells", () => {
    const csv = 'review,sentiment\n"Good, they said: ""yes""\nand on",positive\nbad,negative\n';
    expect(textsFromCsv(csv)).toEqual({
      texts: ['Good, they said: "yes"\nand on', "bad"],
      labels: [1, 0],
      classes: ["negative", "positive"],
      names: { positive: 1, negative: 0 },
      columns: { text: "review", label: "sentiment" },
    });
  });

  test("CRLF, a byte order mark, empty lines and no last line break", () => {
    const csv = utf8('\uFEFFtext,label\r\nüber,1\r\n\r\n"x\r\ny",0');
    expect(textsFromCsv(csv)).toMatchObject({
      texts: ["über", "x\r\ny"],
      labels: [1, 0],
      classes: ["0", "1"],
    });
  });

  test.each([";", "\t"])("the separator %j", (separator) => {
    const csv = `text${separator}label\na, b, c${separator}0\nd${separator}1`;
    expect(textsFromCsv(csv).texts).toEqual(["a, b, c", "d"]);
  });

  test("columns by name, among others", () => {
    const csv = "id,subject,body,spam\n1,s,b,no\n2,t,c,yes\n";
    expect(textsFromCsv(csv, { text: "body", label: "spam" })).toMatchObject({
      texts: ["b", "c"],
      labels: [0, 1],
      classes: ["no", "yes"],
    });
  });

  test.each([
    ["ham", "spam"],
    ["neg", "pos"],
    ["Negative", "Positive"],
    ["False", "True"],
    ["no", "maybe"],
    ["fine", "weak"],
    ["-1", "1"],
  ])("%s as class 0 and %s as class 1", (zero, one) => {
    expect(textsFromCsv(`text,label\na,${one}\nb,${zero}\n`)).toMatchObject({
      classes: [zero, one],
      labels: [1, 0],
    });
  });

  test.each([
    ["names", "id,Message,Target\n1,a,0\n2,b,1"],
    ["one name of two columns", "comment,label\na,0\nb,1"],
    ["the one column with two values", "what,kind\na,x\nb,y\nc,x"],
  ])("columns guessed by %s", (_, csv) => {
    expect(textsFromCsv(csv).texts.slice(0, 2)).toEqual(["a", "b"]);
  });
});

describe("textsFromCsv takes classes", () => {
  const csv = "text,label\na,Liked\nb,hated\nc, LIKED \n";

  test("by the names of a model, whatever their order, case and blanks", () => {
    for (const [classes, labels] of [
      [
        ["hated", "liked"],
        [1, 0, 1],
      ],
      [
        ["liked", "Hated"],
        [0, 1, 0],
      ],
    ] as const) {
      expect(textsFromCsv(csv, { classes })).toMatchObject({ classes, labels });
    }
    expect(textsFromCsv(csv, { classes: ["hated", "liked"] }).names).toEqual({
      Liked: 1,
      LIKED: 1,
      hated: 0,
    });
  });

  test("of which a file may have one", () => {
    expect(textsFromCsv("text,label\na,x\nb,x", { classes: ["w", "x"] }).labels).toEqual([1, 1]);
    // Neither the columns nor the first row are named: the names of the classes tell.
    const options = { classes: ["ham", "spam"] } as const;
    expect(textsFromCsv("word,kind\na,spam\nb,spam", options)).toMatchObject({
      texts: ["a", "b"],
      labels: [1, 1],
    });
    expect(textsFromCsv("a,ham\nb,spam\nc,spam", options)).toMatchObject({
      labels: [0, 1, 1],
      header: false,
    });
    expect(() => textsFromCsv("word,kind\na,spam\nb,spam\nc,spam")).toThrow(codedError("BAD_CSV"));
  });

  test("that other names stand for", () => {
    const numbers = "text,label\na,1\nb,0\nc,0";
    const rename = { 0: "spam", 1: "ham" };
    expect(textsFromCsv(numbers, { classes: ["ham", "spam"], rename }).labels).toEqual([0, 1, 1]);
    expect(textsFromCsv(numbers, { rename })).toMatchObject({ classes: ["ham", "spam"], labels: [0, 1, 1] });
    const three = "text,label\na,good\nb,bad\nc,Very good";
    expect(textsFromCsv(three, { rename: { "very GOOD": "good" } })).toMatchObject({
      classes: ["bad", "good"],
      labels: [1, 0, 1],
    });
  });

  test("but no name that is none of them, never by their order", () => {
    const refused = (options: object, message: RegExp, code: "BAD_LABEL" | "BAD_ARGUMENT" = "BAD_LABEL") =>
      expect(() => textsFromCsv(csv, options)).toThrow(codedError(code, message));
    refused(
      { classes: ["bad", "good"] },
      /line 2: "label" is "Liked", which is none of the classes "bad", "good"; nor are "hated", "LIKED"/,
    );
    refused(
      { classes: ["bad", "liked"] },
      /line 3: "label" is "hated".*--classes "hated=bad" or --classes "hated=liked"/,
    );
    refused({ classes: ["hated", "like"] }, /line 2: "label" is "Liked".*did you mean like\?/);
    refused(
      { rename: { liked: "good" }, classes: ["hated", "liked"] },
      /"liked" is said to be "good"/,
      "BAD_ARGUMENT",
    );
    refused({ rename: { liked: "x", "Liked ": "y" } }, /makes "Liked " both "x" and "y"/, "BAD_ARGUMENT");
    refused({ classes: ["x"] }, /classes is \["x"\]; it must be two names/, "BAD_ARGUMENT");
    refused({ classes: ["x", "x"] }, /it must be two names/, "BAD_ARGUMENT");
    refused({ rename: { x: 1 } }, /it must be an object from names to names/, "BAD_ARGUMENT");
  });

  test("with messages on one line, whatever the names are", () => {
    const names = Array.from({ length: 30 }, (_, i) => `\u0007${i}\u202e${"x".repeat(i * 1000)}`);
    const many = `text,label\n${names.map((name) => `a,"${name}"`).join("\n")}`;
    for (const classes of [undefined, [`${names[9]}!`, `\u0007"${"y".repeat(1000)}`] as const]) {
      expect(() => textsFromCsv(many, classes && { classes })).toThrow(
        codedError("BAD_LABEL", /^[^\p{Cc}]{1,1000}$/u),
      );
    }
  });

  test("whose spellings are one, called as most rows have it", () => {
    const rows = ["Spam", "ham", "spam", "SPAM ", "spam", "h\u00a0am", "s\u200bpam"];
    const spelt = textsFromCsv(`text,label\n${rows.map((name, i) => `t${i},${name}`).join("\n")}`);
    expect(spelt).toMatchObject({ classes: ["ham", "spam"], labels: [1, 0, 1, 1, 1, 0, 1] });
    expect(textsFromCsv("text,label\na,caf\u00e9\nb,cafe\u0301\nc,STRASSE\nd,stra\u00dfe").labels).toEqual([
      1, 1, 0, 0,
    ]);
    expect(() => textsFromCsv("text,label\na,Spam\nb,spam")).toThrow(
      codedError("BAD_LABEL", /1 classes: "Spam"/),
    );
    // A model of before may have such classes.
    expect(textsFromCsv("text,label\na,Spam\nb,spam", { classes: ["Spam", "spam"] }).labels).toEqual([0, 1]);
  });

  test("of any name, those of objects' own properties, too", () => {
    const odd = textsFromCsv("text,label\na,__proto__\nb,constructor");
    expect(odd.labels).toEqual([0, 1]);
    expect(Object.keys(odd.names)).toEqual(["__proto__", "constructor"]);
  });
});

describe("textsFromCsv refuses", () => {
  test.each([
    ["nothing", "", /the file is empty/],
    ["blanks", "\n \n", /the file is empty/],
    ["a header alone", "text,label\n", /only the header "text", "label"/],
    ["a short row", "text,label\na,0\nb\n", /line 3 has 1 cells, the header 2/],
    ["a long row after a cell of three lines", 'text,label\n"a\nb\nc",0\nd,e,1\n', /line 5 has 3 cells/],
    ["a missing class", "text,label\na,0\n\nb, \n", /line 4 has no "label"/],
    ["an open quote", 'text,label\na,0\n"b,1\n', /line 3: /],
    [
      "two candidates",
      "text,review,label\na,b,0\nc,d,1",
      /"text", "review", "label".*could be the text.*--text/,
    ],
    ["no candidate", "a,b,c\n1,2,3\n4,5,6", /"a", "b", "c"/],
    ["two columns that could both be the label", "a,b\n1,2\n3,4", /could be the text.*--no-header/],
  ])("%s", (_, csv, message) => {
    expect(() => textsFromCsv(csv)).toThrow(codedError("BAD_CSV", message));
  });

  test("a name that is not there, or there twice", () => {
    const csv = "text,label,label\na,0,0\nb,1,1";
    expect(() => textsFromCsv(csv, { text: "txt", label: "label" })).toThrow(
      codedError("BAD_CSV", /one called "txt"/),
    );
    expect(() => textsFromCsv(csv, { label: "label" })).toThrow(
      codedError("BAD_CSV", /only one called "label"/),
    );
    expect(() => textsFromCsv("text,label\na,0\nb,1", { text: "label" })).toThrow(
      codedError("BAD_CSV", /both/),
    );
  });

  test("one class, or three", () => {
    expect(() => textsFromCsv("text,label\na,0\nb,0")).toThrow(
      codedError("BAD_LABEL", /1 classes: "0"; wanted two/),
    );
    expect(() => textsFromCsv("text,label\na,x\nb,y\nc,z")).toThrow(
      codedError("BAD_LABEL", /3 classes: "x", "y", "z"/),
    );
  });

  test("bytes that are not UTF-8, naming the line", () => {
    const latin1 = Uint8Array.from("text,label\na,0\n\xfcber,1\n", (character) => character.charCodeAt(0));
    expect(() => textsFromCsv(latin1)).toThrow(codedError("BAD_CSV", /line 3 is not UTF-8/));
    expect(() => textsFromCsv(latin1)).toThrow(codedError("BAD_CSV", /--encoding.*CSV UTF-8/));
    expect(textsFromCsv(latin1, { encoding: "latin1" }).texts).toEqual(["a", "über"]);
  });

  test("options without meaning, and a source that is none", () => {
    const csv = "text,label\na,0\nb,1\n";
    const refused = (options: object, message: RegExp, source: unknown = csv) =>
      expect(() => textsFromCsv(source as string, options)).toThrow(codedError("BAD_ARGUMENT", message));
    refused({ seperator: ";" }, /textsFromCsv\(\) has no option "seperator": did you mean separator\?/);
    refused({ separator: "tab" }, /separator is "tab"; it must be one character/);
    refused({ separator: '"' }, /separator is/);
    refused({ quote: "single" }, /quote is "single"; it must be "double" or "none"/);
    refused({ header: "no" }, /header is "no"/);
    refused({ encoding: "latin1" }, /the source is a string/);
    refused({}, /textsFromCsv\(\) was given null for its bytes/, null);
    refused({}, /was given 7 for its bytes; wanted a string, a Uint8Array/, 7);
  });
});

describe("a file without a header", () => {
  const rows = "Great film\t1\nbad, bad film\t0\nfine\t1\n";

  test("is noticed where the first row has a class of those below", () => {
    expect(textsFromCsv(rows)).toEqual({
      texts: ["Great film", "bad, bad film", "fine"],
      labels: [1, 0, 1],
      classes: ["0", "1"],
      names: { 1: 1, 0: 0 },
      columns: { text: "1", label: "2" },
      header: false,
    });
    expect(csvColumns(rows)).toEqual(["1", "2"]);
    for (const columns of [{ text: "1" }, { label: "2" }, { text: "1", label: "2" }]) {
      expect(textsFromCsv(rows, columns)).toEqual(textsFromCsv(rows));
    }
    expect(textsFromCsv("ham,a\nspam,b\nham,c").columns).toEqual({ text: "2", label: "1" });
  });

  test("is read so on demand, whatever is in it", () => {
    const options = { header: false, text: "2", label: "3" };
    expect(textsFromCsv("1,text,label\n2,b,x\n", options)).toMatchObject({
      texts: ["text", "b"],
      labels: [0, 1],
      columns: { text: "2", label: "3" },
    });
    expect(csvColumns("text,label\na,0\n", { header: false })).toEqual(["1", "2"]);
  });

  test("is told from one whose header is a class, or that has only names of its own", () => {
    const below = ["bad, bad film", "fine", "dull"];
    expect(textsFromCsv(`${rows}dull\t0`, { header: true }).texts).toEqual(below);
    expect(textsFromCsv("a,ham\nb,spam\nc,ham\nd,ham", { label: "ham" }).texts).toEqual(["b", "c", "d"]);
    expect(textsFromCsv("what,kind\na,x\nb,y\nc,x").texts).toEqual(["a", "b", "c"]);
    expect(textsFromCsv("review,y\na,y\nb,n\nc,y").texts).toEqual(["a", "b", "c"]);
  });

  test("is refused where its first row may be a header, and loses none in silence", () => {
    expect(() => textsFromCsv("good film,y\nbad,n\nfine,y")).toThrow(
      codedError("BAD_CSV", /line 1 could be the header or a row: its "y" is a class.*--no-header/),
    );
    expect(() => textsFromCsv("1,good,x\n2,bad,y\n3,fine,x")).toThrow(codedError("BAD_CSV", /--no-header/));
    expect(() => textsFromCsv("1,good,x\n2,bad,y", { text: "2", label: "3" })).toThrow(
      codedError("BAD_CSV", /one called "2", the text; or header: false \(--no-header\)/),
    );
    expect(() => textsFromCsv(`${rows}fine\n`, { header: false })).toThrow(
      codedError("BAD_CSV", /line 4 has 1 cells, the first row 2/),
    );
  });
});

describe("quotes", () => {
  const tsv = 'label\ttext\n1\t"Great film\n0\tbad\n1\the said it is 5"\n0\tdull\n';

  test("that would swallow rows are refused, naming the line; without quotes these are read", () => {
    expect(() => textsFromCsv(tsv)).toThrow(
      codedError(
        "BAD_CSV",
        /line 2: the quote that opens a cell there ends in line 4, and each .*--quote none/,
      ),
    );
    expect(textsFromCsv(tsv, { quote: "none" }).texts).toEqual([
      '"Great film',
      "bad",
      'he said it is 5"',
      "dull",
    ]);
    expect(() => textsFromCsv('text,label\n"a,1\nb,0\nc",1\n')).toThrow(codedError("BAD_CSV", /line 2: /));
  });

  test("around texts of several lines are what they seem, and all are where it is said", () => {
    const csv = 'label,text\n1,"a\nb, c\n0, d"\n0,"e\n\nf"\n';
    expect(textsFromCsv(csv).texts).toEqual(["a\nb, c\n0, d", "e\n\nf"]);
    expect(textsFromCsv(tsv, { quote: "double" }).texts).toEqual([
      "Great film\n0\tbad\n1\the said it is 5",
      "dull",
    ]);
  });
});

test("any separator, where it is named", () => {
  expect(textsFromCsv("text|label\na, b|0\nc|1", { separator: "|" }).texts).toEqual(["a, b", "c"]);
});

test("UTF-16 with its byte order mark, as spreadsheets write it", () => {
  const text = "\ufefftext\tlabel\r\nüber\t0\r\nb\t1\r\n";
  const bytes = new Uint8Array(Uint16Array.from(text, (character) => character.charCodeAt(0)).buffer);
  expect(textsFromCsv(bytes)).toMatchObject({ texts: ["über", "b"], classes: ["0", "1"] });
});

test("any text gives texts or a coded error, in time", () => {
  const characters = ["a", "0", "1", ",", '"', "\n", "\r", "\t", ";"];
  const long = longText(characters, "text,label\n", "a,0\nb,1\n", 'text,label\na,0\nb,1\n"');
  const short = fc.string({ unit: fc.constantFrom(...characters), maxLength: 30 });
  const options = fc.record(
    { header: fc.boolean(), quote: fc.constantFrom("none" as const, "double" as const) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(long, short), options, (csv, given) => {
      const found = outcomeOf(() => textsFromCsv(csv, given));
      if (!(found instanceof LstmkitError)) expect(found.texts.length).toBe(found.labels.length);
    }),
    { numRuns: 200 },
  );
});

// Work that grew with the square of these would take minutes.
test.each([
  ["line breaks", `text,label\na,0\nb,1\n${"\n".repeat(5_000_000)}`],
  ["line breaks in quotes", `text,label\n"${"\r".repeat(2_000_000)}",0\nb,1\n`],
  ["quoted texts of two lines", `text,label\n${'"a\nb",0\n"c\nd",1\n'.repeat(50_000)}`],
  ["commas", `text,label\na,0\nb,1\n${",".repeat(3_000_000)}`],
])("a file of %s is read", (_, csv) => {
  expect(textsFromCsv(csv).classes).toEqual(["0", "1"]);
});

test("a hundred thousand rows with bad quotes are refused at the first", () => {
  const csv = `text,label\n${'a "b",1\n'.repeat(100_000)}${'"a"b,1\n'.repeat(100_000)}`;
  expect(() => textsFromCsv(csv)).toThrow(codedError("BAD_CSV", /line 100002: /));
});

test("megabytes of lines before one that is not UTF-8 are counted", () => {
  const bytes = new Uint8Array(3_000_000).fill(10);
  bytes[bytes.length - 1] = 0xff;
  expect(() => textsFromCsv(bytes)).toThrow(codedError("BAD_CSV", /line 3000000 is not UTF-8/));
});

describe("csvColumns", () => {
  test("gives the headers, whatever the rows are", () => {
    expect(csvColumns(utf8('\n"a; b"; label ;c\nonly one cell\n'))).toEqual(["a; b", "label", "c"]);
  });

  test("refuses an empty file", () => {
    expect(() => csvColumns("\n \n")).toThrow(codedError("BAD_CSV", /the file is empty/));
  });
});
