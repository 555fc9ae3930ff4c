/**
 * @file Data that fields are judged on and that neither a mirror nor a package has: what would have to be in data/datasets.json to run them.
 */

/** What a field of an entry may be here. */
export type Absent = Readonly<Record<string, string | number | readonly string[]>>;

/** Trades one by one, as exchanges publish them: several in a millisecond, so the last price of each time counts. */
export const ticks: Absent = {
  id: "ticks",
  title: "Trades of one day, one by one",
  path: "ticks.csv",
  page: "https://data.binance.vision/?prefix=data/spot/daily/trades/BTCUSDT/",
  licence: "none stated (Binance)",
  date: "time",
  columns: ["price"],
  order: "sort",
  duplicates: "last",
  season: 1,
};

/** PeMS occupancy of the long-horizon literature (Lai et al. 2018). */
export const sensors: Absent = {
  id: "traffic",
  title: "Road occupancy at 862 sensors in San Francisco, hourly, 2015 to 2016",
  path: "traffic.csv",
  page: "https://drive.google.com/drive/folders/1ZOYpTUa82_jCcxIdTmyr0LXQfvaM9vIy",
  licence: "none stated (Caltrans PeMS)",
  date: "date",
  season: 24,
};

/** That data are not available, and what to do to have them: for the method of an experiment. */
export function notAvailable(what: string, entry: Absent): string {
  return `**${what}: not available here.** With the file ${entry.path} from ${entry.page} in the folder data, this entry of ` +
    `data/datasets.json runs it, by \`deno task forecast ${entry.id}\` or in this grid: \`${
      JSON.stringify(entry)
    }\`.`;
}
