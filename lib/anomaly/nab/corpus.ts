/** @file The files of the Numenta Anomaly Benchmark as labelled series. */
import { DataError } from "../../data/data_error.ts";
import type { Labelled } from "./scoring.ts";

/** File of the windows around anomalies. */
export const labelsFile = "labels/combined_windows.json";

/**
 * Reads a corpus.
 * @param files `data/<category>/<name>.csv` and {@linkcode labelsFile} by their paths
 * @returns in the order of the paths
 * @throws {DataError} for a file without labels, labels without a file, a window whose ends are no dates of the file, and a value that is
 *   no number
 */
export function readCorpus(files: ReadonlyMap<string, Uint8Array>): Labelled[] {
  const text = files.get(labelsFile);
  if (!text) throw new DataError({ file: labelsFile }, "the windows are missing among the files.");
  const labels: Record<string, [string, string][]> = JSON.parse(new TextDecoder().decode(text));
  const paths = [...files.keys()].filter((path) => path.endsWith(".csv")).sort();
  const lost = Object.keys(labels).find((name) => !files.has(`data/${name}`));
  if (lost !== undefined) {
    throw new DataError({ file: labelsFile }, `labels data/${lost}, which is not among the files.`);
  }
  return paths.map((path) => {
    const windows = labels[path.replace(/^data\//, "")];
    if (!windows) throw new DataError({ file: path }, `${labelsFile} has no entry for it.`);
    return readLabelled(path, new TextDecoder().decode(files.get(path)!), windows);
  });
}

function readLabelled(file: string, text: string, limits: [string, string][]): Labelled {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header !== "timestamp,value") {
    throw new DataError({ file, line: 1 }, `the header is ${header}; expected timestamp,value.`);
  }
  const times: string[] = [];
  const values = Float64Array.from(lines, (line, i) => {
    const [time, value] = line.split(",");
    times.push(time);
    const number = value === undefined || value.trim() === "" ? NaN : Number(value);
    if (Number.isFinite(number)) return number;
    throw new DataError({ file, line: i + 2 }, `the value is ${value}; expected a number.`);
  });
  const row = (limit: string, from: number) => {
    // Labels have microseconds, files have none.
    const found = times.indexOf(limit.replace(/\.0+$/, ""), from);
    if (found >= 0) return found;
    throw new DataError(
      { file },
      `no row has the time ${limit}, at which a window begins or ends.`,
    );
  };
  return {
    file,
    values,
    windows: limits.map(([first, last]) => {
      const from = row(first, 0);
      return [from, row(last, from)] as const;
    }),
  };
}
