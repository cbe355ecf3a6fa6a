/** The snippet of docs/large-data.md runs as it stands. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { printed } from "./doc-snippets.ts";

test("a file is trained on in pieces, and evaluated", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lstmkit-docs-"));
  try {
    const rows = Array.from({ length: 12_000 }, (_, i) =>
      i % 2 ? `a fine day ${i % 97},good` : `a dull day ${i % 89},bad`,
    );
    writeFileSync(join(folder, "huge.csv"), `text,label\n${rows.join("\n")}\n`);
    const [, accuracy] = /accuracy: ([\d.]+)/.exec(await printed("large-data.md", "huge", folder)) ?? [];
    expect(Number(accuracy)).toBeGreaterThan(0.95);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
