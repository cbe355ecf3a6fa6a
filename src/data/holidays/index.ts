/**
 * lstmkit/holidays: public holidays by country. An entry of its own, since the rules of all countries are 200 KB of gzip:
 * only who imports it has them.
 */
export type { Holidays } from "../series/holiday-features.ts";
export { type PublicHolidayOptions, publicHolidays } from "./public-holidays.ts";
