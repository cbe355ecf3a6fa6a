import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FilePath, isSameFile, MOST_TEXT, pathOf, readBytes, reading } from "../disk/disk-node.ts";
import { packagedFile } from "../disk/packaged-node.ts";
import { LstmkitError } from "../errors.ts";
import { checkOptions, optionsOf, show } from "../options.ts";
import { digitsFromBytes } from "./labelled/digits.ts";
import {
  isSequencePath,
  type SequenceFile,
  sequencesFromFile,
  sequencesFromFiles,
} from "./labelled/files.ts";
import { SEQUENCE_OPTIONS, type SequenceOptions } from "./labelled/options.ts";
import type { SequenceSet } from "./labelled/set.ts";

/** How {@link loadSequences} reads. */
export interface LoadSequencesOptions extends SequenceOptions {
  /** Another file or folder, read like the first, as the test part. */
  readonly test?: FilePath;
}

const LOAD_OPTIONS = {
  ...SEQUENCE_OPTIONS,
  test: {
    wanted: "the path of a file or a folder, or its file: URL",
    accepts: (value: unknown) => typeof value === "string" || value instanceof URL,
    fallback: undefined,
  },
};

/** What was read. */
export interface LoadedSequences {
  readonly train: SequenceSet;
  /** As `test` was given; or from `…_TEST.ts`, where the file is `…_TRAIN.ts`. */
  readonly test?: SequenceSet;
  /** The path that the test part is from. */
  readonly testPath?: string;
}

/**
 * Sequences with classes out of a file (.csv, .tsv, .ts, .txt, .conll, .conllu) or a folder with a folder for each class.
 * Of a pair of the UCR archive, `X_TRAIN.ts` and `X_TEST.ts`, the second is the test part.
 *
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE; BAD_ARGUMENT where both are one file; what the readers throw
 */
export async function loadSequences(
  path: FilePath,
  options: LoadSequencesOptions = {},
): Promise<LoadedSequences> {
  const given = checkOptions<LoadSequencesOptions, typeof LOAD_OPTIONS>(
    "loadSequences()",
    options,
    LOAD_OPTIONS,
  );
  const own = optionsOf<SequenceOptions>(SEQUENCE_OPTIONS, given);
  const from = pathOf(path);
  if (given.test !== undefined && (await isSameFile(from, given.test))) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `${show(pathOf(given.test))} is what is trained on; wanted a test part (test, --test on the command line) of other sequences. Leave it out to have some set apart.`,
    );
  }
  const train = await readSequences(from, own);
  const testPath = given.test === undefined ? await pairOf(from) : pathOf(given.test);
  if (testPath === undefined) return { train };
  const columns = train.columns ?? {};
  const isNumbers = train.input === "numbers" && columns.id !== undefined;
  const test = await readSequences(testPath, {
    ...columns,
    ...(isNumbers && { features: train.features }),
    ...own,
  });
  return { train, test, testPath };
}

async function readSequences(path: string, options: SequenceOptions): Promise<SequenceSet> {
  const isFolder = (await reading(path, () => stat(path))).isDirectory();
  if (isFolder) return sequencesFromFiles(await filesOf(path), options);
  return sequencesFromFile(path, await readBytes(path, MOST_TEXT), options);
}

/** The test part beside a training part of the archive, where there is one. */
async function pairOf(path: string): Promise<string | undefined> {
  const other = path.replace(
    /_TRAIN(\.(ts|tsv|txt))$/i,
    (found, ending) => `${found.startsWith("_train") ? "_test" : "_TEST"}${ending}`,
  );
  if (other === path) return undefined;
  return access(other).then(
    () => other,
    () => undefined,
  );
}

/** More is not looked at, since it is none of classes. */
const MOST_FILES = 200_000;

/** Files of a folder: those that are no sequences by their name come without their bytes. */
async function filesOf(folder: string): Promise<SequenceFile[]> {
  const files: SequenceFile[] = [];
  const visit = async (inside: string): Promise<void> => {
    const here = join(folder, inside);
    for (const entry of await reading(here, () => readdir(here, { withFileTypes: true }))) {
      if (entry.name.startsWith(".")) continue;
      const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
      const found = entry.isSymbolicLink()
        ? await reading(join(folder, path), () => stat(join(folder, path)))
        : entry;
      // A link to a folder may lead back to where it stands.
      if (found.isDirectory() && !entry.isSymbolicLink()) await visit(path);
      else if (found.isFile())
        files.push({
          path,
          bytes: isSequencePath(path) ? await readBytes(join(folder, path), MOST_TEXT) : new Uint8Array(0),
        });
      if (files.length > MOST_FILES) {
        throw new LstmkitError(
          "BAD_DATASET",
          `${show(folder)} has more than ${MOST_FILES} files; wanted a folder with a folder for each class.`,
        );
      }
    }
  };
  await visit("");
  return files;
}

/**
 * The digits that ship with the package: see digitsFromBytes().
 *
 * @throws FILE_NOT_FOUND where the package's files are not, as in a bundle for Node; BAD_DATASET
 */
export async function loadDigits(): Promise<{ train: SequenceSet; test: SequenceSet }> {
  const url = packagedFile(
    "digits.bin",
    () => new URL("./digits.bin", import.meta.url),
    "../../assets/",
    "give digitsFromBytes() the bytes of lstmkit/digits.bin",
  );
  return digitsFromBytes(await readBytes(url));
}
