/** In a worker: series from the file that was given last, or births, which come with the page. */
import { LstmkitError } from "lstmkit";
import birthsAddress from "lstmkit/births.bin?url";
import {
  birthsSeries,
  csvColumns,
  type SeriesCsvOptions,
  type SeriesJsonOptions,
  type SeriesSet,
  seriesFromCsv,
  seriesFromJson,
} from "lstmkit/data";
import { fetchOwn } from "../fetch-own.ts";

/** Whose data: those of the page, or the file that was given last. */
export type Data = "births" | "own";

/** A file, and the names in its head. */
export interface GivenFile {
  readonly name: string;
  readonly columns: readonly string[];
}

export class SeriesFile {
  #births: SeriesSet | null = null;
  #given: { bytes: Uint8Array; isJson: boolean } | null = null;

  /** @throws BAD_ARGUMENT for a file that holds no series by its name; BAD_CSV */
  async give(file: File): Promise<GivenFile> {
    const { name } = file;
    if (!/\.(csv|tsv|json|jsonl|ndjson)$/i.test(name)) {
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `${name} holds no series, by its name; wanted a .csv, .tsv, .json, .jsonl or .ndjson file.`,
      );
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const isJson = !/\.(csv|tsv)$/i.test(name);
    const columns = isJson ? [] : csvColumns(bytes);
    this.#given = { bytes, isJson };
    return { name, columns };
  }

  /** @throws what seriesFromCsv() and seriesFromJson() throw; BAD_ARGUMENT where no file was given; OFFLINE */
  async set(data: Data, reading: SeriesCsvOptions): Promise<SeriesSet> {
    if (data === "births") {
      this.#births ??= birthsSeries(await fetchOwn(birthsAddress));
      return this.#births;
    }
    if (!this.#given) throw new LstmkitError("BAD_ARGUMENT", "no file was given. Choose one.");
    const { bytes, isJson } = this.#given;
    return isJson ? seriesFromJson(bytes, reading as SeriesJsonOptions) : seriesFromCsv(bytes, reading);
  }
}
