/** @file How the bundled example is read. */

/** As its entry in data/datasets.json says; a test compares them. */
export const example = {
  ...{ file: "co2-monthly.csv", season: 12 },
  read: { date: "Date", columns: ["CO2"] },
};
