/** Public holidays by the rules that date-holidays has of 200 countries. */
import HolidayRules from "date-holidays";
import { LstmkitError } from "../../errors.ts";
import { checkOptions, show, trueOrFalse, wholeNumber } from "../../options.ts";
import type { Holidays } from "../series/holiday-features.ts";

/** Of which years, and how many of them. */
export interface PublicHolidayOptions {
  /** The first year and the last one; 500 years at most. */
  readonly from: number;
  readonly to: number;
  /** Also days that are kept, but are no days off, such as the day after Thanksgiving. Default: false. */
  readonly observances?: boolean;
}

const YEARS = wholeNumber(1900, 2399);
const PUBLIC_HOLIDAY_OPTIONS = {
  from: YEARS,
  to: YEARS,
  observances: { ...trueOrFalse, fallback: false },
};

/** Milliseconds. */
const DAY = 86_400_000;

/**
 * The public holidays of a country, or of a part of one, with their English names and the days that stand in for them.
 * What a date was in the past, and what it will be, is as good as the rules are: look at the days.
 *
 * @param place a country of ISO 3166, with its part where holidays differ: "US", "US-LA", "DE-BY"
 * @throws BAD_ARGUMENT for a place without rules, and for options without meaning
 */
export function publicHolidays(place: string, options: PublicHolidayOptions): Holidays {
  const { from, to, observances } = checkOptions<PublicHolidayOptions, typeof PUBLIC_HOLIDAY_OPTIONS>(
    "publicHolidays()",
    options,
    PUBLIC_HOLIDAY_OPTIONS,
  );
  if (to < from) throw refused(`the years ${from} to ${to}`, "the earlier one as from");
  const rules = rulesOf(place, observances);
  const days: [string, string][] = [];
  // A holiday of the year before may last into this one.
  for (let year = from - 1; year <= to; year++) {
    for (const { date, start, end, name } of rules.getHolidays(year)) {
      const first = Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
      const count = Math.max(1, Math.round((end.getTime() - start.getTime()) / DAY));
      for (let day = 0; day < count; day++) {
        const text = new Date(first + day * DAY).toISOString().slice(0, 10);
        const ofYear = Number(text.slice(0, 4));
        if (ofYear >= from && ofYear <= to) days.push([text, name]);
      }
    }
  }
  days.sort(([a, nameA], [b, nameB]) => (a < b || (a === b && nameA < nameB) ? -1 : 1));
  return { country: place.toUpperCase(), from, to, days };
}

/** @throws BAD_ARGUMENT */
function rulesOf(place: string, observances: boolean): HolidayRules {
  if (typeof place !== "string")
    throw refused(show(place), 'a country, such as "US", or a part of one, such as "US-LA"');
  const [country = "", ...parts] = place.trim().toUpperCase().split(/[-.]/);
  const all = new HolidayRules();
  const countries = Object.keys(all.getCountries());
  if (!countries.includes(country)) {
    throw refused(
      `the country ${show(place)}`,
      `the two letters of one of ${countries.length} countries, such as US, GB, DE, KR`,
    );
  }
  const [state, region] = parts;
  const states = Object.keys(all.getStates(country) ?? {});
  if (state !== undefined && !states.includes(state)) {
    throw refused(
      `the part ${show(state)} of ${country}`,
      states.length > 0 ? states.join(", ") : "the country alone",
    );
  }
  const regions = state === undefined ? [] : Object.keys(all.getRegions(country, state) ?? {});
  if (region !== undefined && !regions.includes(region)) {
    throw refused(
      `the part ${show(region)} of ${country}-${state}`,
      regions.length > 0 ? regions.join(", ") : "no further part",
    );
  }
  // A zone is only for instants; dates are what the rules say.
  const options = {
    languages: ["en"],
    types: (observances ? ["public", "observance"] : ["public"]) as never,
    timezone: "UTC",
  };
  const path = [country, state, region].filter((part) => part !== undefined) as [string, string, string];
  return new HolidayRules(...path, options as never);
}

function refused(found: string, wanted: string): LstmkitError {
  return new LstmkitError("BAD_ARGUMENT", `publicHolidays() was given ${found}; wanted ${wanted}.`);
}
