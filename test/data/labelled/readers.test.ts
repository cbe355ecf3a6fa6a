/** Files with sequences: what is read, and what is refused with its line. */
import { describe, expect, test } from "vitest";
import {
  type SequenceSet,
  sequenceSet,
  sequencesFromCsv,
  sequencesFromFile,
  sequencesFromFiles,
  sequencesFromLines,
  sequencesFromTs,
} from "../../../src/data/index.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { codedError } from "../coded-error.ts";

const refusal = (code: string, message = "") =>
  codedError(code as ErrorCode, new RegExp(message.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")));
const numbers = (set: SequenceSet) => set.sequences.map((sequence) => [...(sequence as Float64Array)]);
const codes = (set: SequenceSet) => set.findings.map(({ code }) => code);
const bytes = (text: string) => new TextEncoder().encode(text);

describe("a CSV file with a row a sequence", () => {
  test("has texts, by the column's name or as the one beside the label", () => {
    const named = sequencesFromCsv("id,message,topic\n1,a b,x\n2,c d,y\n3,e,x\n4,f,y\n", { label: "topic" });
    expect(named).toMatchObject({
      input: "text",
      labels: "one",
      columns: { text: "message", label: "topic" },
    });
    expect(named.sequences).toEqual(["a b", "c d", "e", "f"]);
    expect(named.targets).toEqual(["x", "y", "x", "y"]);
    expect(named.places).toEqual(["line 2", "line 3", "line 4", "line 5"]);
    const guessed = sequencesFromCsv("a b,x\nc d,y\ne f,x\ng h,y\n");
    expect(guessed).toMatchObject({ columns: { text: "1", label: "2" }, targets: ["x", "y", "x", "y"] });
    expect(codes(guessed)).toEqual(["NO_HEADER"]);
  });

  test("has the numbers of a sequence, as many as there are, with what is missing", () => {
    const set = sequencesFromCsv("label,t0,t1,t2,t3\nup,1,2,3,4\ndown,4,,2,\nup,1,?,NaN,nan\ndown,9,8,,\n");
    expect(set).toMatchObject({ input: "numbers", features: ["value"] });
    expect(numbers(set)).toEqual([[1, 2, 3, 4], [4, Number.NaN, 2], [1], [9, 8]]);
    expect(set.targets).toEqual(["up", "down", "up", "down"]);
  });

  test("has decimal commas, where they part no cells", () => {
    const set = sequencesFromCsv("class;a;b\nx;1,5;2\ny;-0,25;3\nx;0;0\ny;1;1\n");
    expect(numbers(set)).toEqual([
      [1.5, 2],
      [-0.25, 3],
      [0, 0],
      [1, 1],
    ]);
  });

  test("has several labels, each once, or none", () => {
    const set = sequencesFromCsv("text,labels\na,x|y\nb,\nc,y| Y |z\n", { labels: "many" });
    expect(set.targets).toEqual([["x", "y"], [], ["y", "z"]]);
    const other = sequencesFromCsv("text,labels\na,x;y\nb,z\n", {
      labels: "many",
      labelSeparator: ";",
      separator: ",",
    });
    expect(other.targets).toEqual([["x", "y"], ["z"]]);
  });

  test("without classes is for predicting: a column of them is left out", () => {
    const labelled = sequencesFromCsv("text,label\na,x\nb,y\n", { labelled: false });
    expect(labelled).toMatchObject({ labels: null, targets: [], sequences: ["a", "b"] });
    const bare = sequencesFromCsv("text\na\nb\n", { labelled: false, label: "label" });
    expect(bare.sequences).toEqual(["a", "b"]);
  });

  test("names stand for others, and keep groups", () => {
    const set = sequencesFromCsv("text,label,person\na,0,p\nb,1,q\n", {
      rename: { "0": "ham" },
      group: "person",
    });
    expect(set.targets).toEqual(["ham", "1"]);
    expect(set.groups).toEqual(["p", "q"]);
  });

  test.each([
    ["", "the file is empty", {}],
    ["text,label\n", "only the header", {}],
    ["text,label\na\n", "line 2 has 1 cells", {}],
    ["text,label\na,\nb,x\n", 'line 2 has no "label"', {}],
    ["text,label\na,x\n", '"labl" (did you mean label?)', { label: "labl", text: "text" }],
    ["v,label\n1,a\n2,b\n", "one number a row", {}],
    ["a,b,label\n1,2,x\n1,oops,y\n", 'line 3: "oops" in column "b" is no number', {}],
    ["a,b,label\n,,x\n1,2,y\n", "line 2 has no number at all", {}],
    ["a,b,c\n1,2,3\n4,5,6\n", "which none or several could be the label", {}],
    ["text,label\na,x\n", "a row a step", { labels: "steps" as const }],
    ["t,text,label\n1,a,x\n", "which sequence a row belongs to", { time: "t" }],
  ])("%j is refused: %s", (content, message, options) => {
    expect(() => sequencesFromCsv(content, options)).toThrow(refusal("BAD_CSV", message));
  });
});

describe("a CSV file with a row a step", () => {
  const LONG = "run,t,x,y,label\nb,2,3,30,up\na,1,1,10,down\nb,1,2,20,up\na,2,,11,down\n";

  test("has sequences by their id, in the order of their time", () => {
    const set = sequencesFromCsv(LONG, { id: "run" });
    expect(set).toMatchObject({ features: ["x", "y"], targets: ["up", "down"], places: ["run b", "run a"] });
    expect(numbers(set)).toEqual([
      [2, 20, 3, 30],
      [1, 10, Number.NaN, 11],
    ]);
    expect(codes(set)).toEqual(["UNSORTED"]);
    expect(set.columns).toEqual({ id: "run", label: "label", time: "t" });
  });

  test("has the features that are named, in that order, and dates as times", () => {
    const dated = LONG.replaceAll(/,(\d),(\d*),/g, ",2024-05-0$1,$2,");
    const set = sequencesFromCsv(dated, { id: "run", time: "t", features: ["y", "x"] });
    expect(numbers(set)[0]).toEqual([20, 2, 30, 3]);
  });

  test("has tags of tokens, and of numbers", () => {
    const tokens = sequencesFromCsv("s,word,tag\n1,the,D\n1,cat,N\n2,go,V\n", { id: "s", labels: "steps" });
    expect(tokens).toMatchObject({
      input: "tokens",
      sequences: [["the", "cat"], ["go"]],
      targets: [["D", "N"], ["V"]],
    });
    const steps = sequencesFromCsv("s,v,tag\n1,0,a\n1,1,b\n1,,b\n2,3,a\n", { id: "s", labels: "steps" });
    expect(numbers(steps)).toEqual([[0, 1], [3]]);
    expect(steps.targets).toEqual([["a", "b"], ["a"]]); // the step without a number is not there
  });

  test.each([
    ["id,x,label\n1,0,a\n1,1,b\n", 'id 1 has 2 different values in column "label"'],
    ["id,x,label\n1,0,a\n,1,b\n", 'line 3 has no "id"'],
    ["id,x,z,label\n1,0,1,a\n2,hm,1,b\n", 'line 3: "hm" in column "x" is no number'],
    ["id,x,other\n1,0,a\n", "the one with the classes"],
    ["id,t,x,label\n1,soon,0,a\n2,1,2,b\n", "the time"],
  ])("%j is refused: %s", (content, message) => {
    expect(() => sequencesFromCsv(content, { id: "id" })).toThrow(refusal("BAD_CSV", message));
  });
});

describe("a folder for each class", () => {
  const file = (path: string, text: string) => ({ path, bytes: bytes(text) });
  const FILES = [
    file("sensors/walk/1.csv", "time,x,y\n0,1,2\n1,3,4\n"),
    file("sensors/run/a.csv", "y,x\n6,5\n"),
    file("sensors/README.md", "x"),
    file("sensors/walk/deep/2.csv", "x;y\n7;8\n"),
    file("sensors/.DS_Store", "x"),
  ];

  test("has a file for each sequence; columns go by their names", () => {
    const set = sequencesFromFiles(FILES);
    expect(set.places).toEqual(["run/a.csv", "walk/1.csv", "walk/deep/2.csv"]);
    expect(set.targets).toEqual(["run", "walk", "walk"]);
    expect(set.features).toEqual(["y", "x"]);
    expect(numbers(set)).toEqual([
      [6, 5],
      [2, 1, 4, 3],
      [8, 7],
    ]);
    expect(set.findings).toMatchObject([{ code: "OTHER_FILES", count: 1 }]);
    expect(set.columns).toEqual({ each: "file" });
  });

  test("has texts", () => {
    const set = sequencesFromFiles([
      file("ham/1.txt", "a b"),
      file("spam/1.txt", "c"),
      file("spam/x.csv", "x\n1\n"),
      file("ham/2.txt", "d"),
    ]);
    expect(set).toMatchObject({
      input: "text",
      targets: ["ham", "ham", "spam"],
      sequences: ["a b", "d", "c"],
    });
    expect(codes(set)).toEqual(["OTHER_FILES"]);
  });

  test("has tags in a column of each file, whatever the folders", () => {
    const set = sequencesFromFiles(
      [file("1.csv", "x,activity\n1,sit\n2,go\n"), file("2.csv", "x,activity\n3,go\n")],
      { labels: "steps" },
    );
    expect(set).toMatchObject({ labels: "steps", targets: [["sit", "go"], ["go"]], features: ["x"] });
  });

  test("a label's column is told of, and left out", () => {
    const set = sequencesFromFiles([file("a/1.csv", "x,label\n1,0\n"), file("b/1.csv", "x,label\n2,1\n")]);
    expect(set.features).toEqual(["x"]);
    expect(codes(set)).toEqual(["LABEL_COLUMN"]);
  });

  test("one file is read as those of the folder were", () => {
    const set = sequencesFromFile("new.csv", "x,y\n1,2\n3,4\n", {
      each: "file",
      features: ["x", "y"],
      labelled: false,
    });
    expect(numbers(set)).toEqual([[1, 2, 3, 4]]);
  });

  test.each([
    [[], "BAD_DATASET", "the folder is empty"],
    [[file("a/1.csv", "x\n1\n"), file("a/2.csv", "x\n1\n")], "BAD_DATASET", "all 2 files are in one folder"],
    [[file("a/1.md", "x")], "BAD_DATASET", "no .csv, .tsv or .txt file"],
    [[file("1.csv", "x\n1\n")], "BAD_DATASET", "lie beside the folders"],
    [[file("a/1.csv", "x\n1\n"), file("b/1.csv", "x,y\n1,2\n")], "BAD_CSV", "b/1.csv: the columns"],
    [[file("a/1.csv", "x\n1\n"), file("b/1.csv", "")], "BAD_CSV", "b/1.csv: the file is empty"],
    [[file("a/1.txt", "x"), file("b/1.txt", " \n")], "BAD_DATASET", "b/1.txt is empty"],
  ])("is refused: %#", (files, code, message) => {
    expect(() => sequencesFromFiles(files)).toThrow(refusal(code, message));
  });
});

describe("a .ts file", () => {
  const HEAD =
    "# about\n@problemName X\n@timeStamps false\n@univariate false\n@dimensions 2\n@classLabel true a b\n@data\n";

  test("has dimensions, lengths of their own, and what is missing", () => {
    const set = sequencesFromTs(`${HEAD}1,2,3:4,5,6:a\n7,?:8,9:b\n1,2,?:1,2,?:A\n`);
    expect(set).toMatchObject({
      features: ["1", "2"],
      targets: ["a", "b", "A"],
      places: ["line 8", "line 9", "line 10"],
    });
    expect(numbers(set)).toEqual([
      [1, 4, 2, 5, 3, 6],
      [7, 8, Number.NaN, 9],
      [1, 1, 2, 2],
    ]);
  });

  test("has no classes, where it says so", () => {
    const set = sequencesFromTs("@univariate true\n@classLabel false\n@data\n1,2\n3\n", { labelled: false });
    expect(numbers(set)).toEqual([[1, 2], [3]]);
  });

  test.each([
    ["1 2", "no line @data"],
    [`${HEAD}1:2:c\n`, 'line 8 has the class "c"'],
    [`${HEAD}1:a\n`, "line 8 has 1 dimensions, the header 2"],
    [`${HEAD}1,2:1:a\n`, "line 8 has 2 numbers in dimension 1 and 1 in dimension 2"],
    [`${HEAD}1,x:1,2:a\n`, 'dimension 1: "x" is no number'],
    [`${HEAD}?:?:a\n`, "no number at all"],
    [HEAD, "no case below @data"],
    ["@timeStamps true\n@data\n(0,1):a\n", "time stamps"],
    ["@targetLabel true\n@data\n1:2\n", "a number to predict"],
    ["@univariate true\n@data\n1,2\n", "no classes"],
  ])("%j is refused: %s", (content, message) => {
    expect(() => sequencesFromTs(content)).toThrow(refusal("BAD_CSV", message));
  });
});

describe("a text file", () => {
  test("has a class, a tab and a text; or fastText's labels", () => {
    expect(sequencesFromLines("spam\twin now\nham\thello\nspam\tfree\nham\tyou\n")).toMatchObject({
      targets: ["spam", "ham", "spam", "ham"],
      sequences: ["win now", "hello", "free", "you"],
    });
    const many = sequencesFromLines("__label__a __label__b x y\n__label__a z\n", { labels: "many" });
    expect(many).toMatchObject({ targets: [["a", "b"], ["a"]], sequences: ["x y", "z"] });
  });

  test("has numbers behind a class, as the UCR archive", () => {
    const content = " 1.0000000e+00  0.5 0.25 NaN\n-1 1,2,3\n";
    const set = sequencesFromLines(content);
    expect(set.targets).toEqual(["1", "-1"]);
    expect(numbers(set)).toEqual([
      [0.5, 0.25],
      [1, 2, 3],
    ]);
    expect(numbers(sequencesFromFile("X_TRAIN.tsv", "1\t0.5\t0.25\n2\t1\t2\n"))).toEqual([
      [0.5, 0.25],
      [1, 2],
    ]);
  });

  test("has tokens and tags, in two columns or as CoNLL-U", () => {
    const set = sequencesFromLines("-DOCSTART- O\n\nthe D\ncat N\n\n\ngo V\n", { labels: "steps" });
    expect(set).toMatchObject({
      sequences: [["the", "cat"], ["go"]],
      targets: [["D", "N"], ["V"]],
      places: ["line 3", "line 7"],
    });
    const cells = (id: string, form: string, upos: string) =>
      [id, form, "_", upos, "_", "_", "_", "_", "_", "_"].join("\t");
    const conllu = `# text = im Haus\n${cells("1-2", "im", "_")}\n${cells("1", "in", "ADP")}\n${cells("2", "dem", "DET")}\n${cells("3", "Haus", "NOUN")}\n`;
    expect(sequencesFromLines(conllu, { labels: "steps" })).toMatchObject({
      sequences: [["in", "dem", "Haus"]],
      targets: [["ADP", "DET", "NOUN"]],
    });
  });

  test("has texts alone, to predict", () => {
    expect(sequencesFromLines("a b\n\nc\n", { labelled: false }).sequences).toEqual(["a b", "c"]);
  });

  test.each([
    ["", {}, "the file is empty"],
    ["hello\n", {}, "without a class"],
    ["__label__a __label__b x\n", {}, 'labels "a", "b"'],
    ["cat\n", { labels: "steps" as const }, "no tag"],
  ])("%j is refused", (content, options, message) => {
    expect(() => sequencesFromLines(content, options)).toThrow(refusal("BAD_CSV", message));
  });
});

describe("a set that a program wrote", () => {
  test("is completed by what can be told from it", () => {
    const set = sequenceSet({
      sequences: [
        [
          [1, 2],
          [3, 4],
        ],
        [[5, 6]],
      ],
      targets: [0, 1],
    });
    expect(set).toMatchObject({ input: "numbers", labels: "one", features: ["1", "2"], targets: ["0", "1"] });
    expect(numbers(set)).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    expect(sequenceSet({ sequences: [["a", "b"]] })).toMatchObject({ input: "tokens", labels: null });
    expect(sequenceSet(set)).toEqual(set);
  });

  test.each([
    [{ sequences: 1 }, "BAD_ARGUMENT"],
    [{ sequences: ["a", 1] }, "BAD_VALUE"],
    [{ sequences: [[1, Number.POSITIVE_INFINITY]] }, "BAD_VALUE"],
    [{ sequences: [[[1, 2]], [[1]]] }, "BAD_SHAPE"],
    [{ sequences: ["a"], targets: ["x", "y"] }, "BAD_SHAPE"],
    [{ sequences: [["a"]], targets: [["x"]] }, "BAD_ARGUMENT"],
    [{ sequences: [["a"]], targets: [["x", "y"]], labels: "steps" }, "BAD_SHAPE"],
    [{ sequences: ["a"], targets: [["x"]], labels: "steps" }, "BAD_ARGUMENT"],
    [{ sequences: ["a"], targets: [{}] }, "BAD_LABEL"],
  ])("%j is refused with %s", (given, code) => {
    expect(() => sequenceSet(given as never)).toThrow(refusal(code));
  });
});
