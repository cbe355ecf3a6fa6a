import { describe, expect, test } from "vitest";
import { csvColumns, textsFromCsv } from "../../src/data/csv.ts";
import { codedError } from "./coded-error.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("textsFromCsv reads", () => {
  test("quotes, separators and line breaks inside cells", () => {
    const csv = 'review,sentiment\n"Good, they said: ""yes""\nand on",positive\nbad,negative\n';
    expect(textsFromCsv(csv)).toEqual({
      texts: ['Good, they said: "yes"\nand on', "bad"],
      labels: [1, 0],
      classes: ["negative", "positive"],
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
    ["two columns that could both be the label", "a,b\n1,2\n3,4", /could be the text/],
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
    const utf16 = Uint8Array.of(0xff, 0xfe, ...new Uint8Array(Uint16Array.from(utf8("text,label\n")).buffer));
    expect(() => textsFromCsv(utf16)).toThrow(codedError("BAD_CSV", /line 1 is not UTF-8.*CSV UTF-8/));
  });
});

describe("csvColumns", () => {
  test("gives the headers, whatever the rows are", () => {
    expect(csvColumns(utf8('\n"a; b"; label ;c\nonly one cell\n'))).toEqual(["a; b", "label", "c"]);
  });

  test("refuses an empty file", () => {
    expect(() => csvColumns("\n \n")).toThrow(codedError("BAD_CSV", /the file is empty/));
  });
});
