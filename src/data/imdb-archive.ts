import { unpackTar } from "modern-tar";
import { type Bytes, bytesOf } from "../bytes.ts";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import type { LabelledTexts } from "./dataset.ts";
import type { ImdbTexts } from "./imdb.ts";
import { mostUnpacked } from "./inflate.ts";

/** One file of the archive or the folder. */
export interface ArchiveFile {
  /** Path with forward slashes; what stands before "train/" or "test/" does not matter. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

const REVIEW_PATH = /(?:^|\/)((train|test)\/(neg|pos)\/[^/]+\.txt)$/;

/** Whether a path inside the archive is one of the labelled reviews. */
export function isReviewPath(path: string): boolean {
  return REVIEW_PATH.test(path);
}

/**
 * Sorts out the labelled reviews of the Large Movie Review Dataset: files train/pos/*.txt,
 * train/neg/*.txt and the same under test. Their order is that of their sorted paths, whatever the
 * order they come in.
 *
 * @throws BAD_DATASET when a part or a class is missing, or a review is not UTF-8
 */
export function imdbTextsOfFiles(files: Iterable<ArchiveFile>): ImdbTexts {
  const reviews: { path: string; part: string; label: number; bytes: Uint8Array }[] = [];
  for (const { path, bytes } of files) {
    const match = REVIEW_PATH.exec(path);
    if (match) reviews.push({ path: match[1]!, part: match[2]!, label: match[3] === "pos" ? 1 : 0, bytes });
  }
  reviews.sort((a, b) => (a.path < b.path ? -1 : 1));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const part = (name: string): LabelledTexts => {
    const chosen = reviews.filter((review) => review.part === name);
    const labels = chosen.map((review) => review.label);
    if (!labels.includes(0) || !labels.includes(1)) {
      throw new LstmkitError(
        "BAD_DATASET",
        `${chosen.length} reviews under ${name}/; wanted .txt files in both ${name}/neg and ${name}/pos. Give the aclImdb folder or its .tar.gz.`,
      );
    }
    const texts = chosen.map(({ path, bytes }) => {
      try {
        return decoder.decode(bytes);
      } catch (cause) {
        throw new LstmkitError("BAD_DATASET", `${show(path)} is not UTF-8. Unpack the archive again.`, {
          cause,
        });
      }
    });
    return { texts, labels, classes: ["negative", "positive"] };
  };
  return { train: part("train"), test: part("test") };
}

/**
 * The labelled reviews in a .tar.gz of the aclImdb folder.
 *
 * @throws BAD_DATASET when the archive is damaged, or holds something else; BAD_ARGUMENT for what has no bytes
 */
export async function imdbTextsOfTarGz(bytes: Bytes): Promise<ImdbTexts> {
  return imdbTextsOfFiles(await reviewsInTar(bytesOf(bytes, "imdbTextsOfTarGz()")));
}

async function reviewsInTar(bytes: Uint8Array<ArrayBuffer>): Promise<ArchiveFile[]> {
  try {
    const body = new Blob([bytes]).stream();
    const tar = body
      .pipeThrough(new DecompressionStream("gzip"))
      .pipeThrough(atMost(mostUnpacked(bytes.length)));
    const entries = await unpackTar(tar, {
      filter: (header) => header.type === "file" && isReviewPath(header.name),
    });
    return entries.flatMap(({ header, data }) => (data ? [{ path: header.name, bytes: data }] : []));
  } catch (cause) {
    if (cause instanceof LstmkitError) throw cause;
    throw new LstmkitError(
      "BAD_DATASET",
      `${bytes.length} bytes that are no .tar.gz, or one cut short; wanted the aclImdb archive. Fetch it again.`,
      { cause },
    );
  }
}

/** Passes bytes on, and fails after so many. */
function atMost(most: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let passed = 0;
  return new TransformStream({
    transform(piece, controller) {
      passed += piece.length;
      if (passed <= most) controller.enqueue(piece);
      else {
        throw new LstmkitError(
          "BAD_DATASET",
          `the archive unpacks to more than ${most} bytes, which texts do not; wanted the aclImdb archive. Fetch it again.`,
        );
      }
    },
  });
}
