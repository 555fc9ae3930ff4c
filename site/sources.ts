/** @file Addresses of the pages that say where numbers came from: one for each row of a table. */

/** Of a cell, from the root of the site. */
export function sourceUrl(experiment: string, row: number, column: string): string {
  return `${rowUrl(experiment, row)}#${column}`;
}

/** Of a row, from the root of the site. */
export function rowUrl(experiment: string, row: number): string {
  return `provenance/${experiment}/${row + 1}.html`;
}
