/**
 * @file Cycles that a turbofan engine has left, from its sensors (Saxena et al. 2008, C-MAPSS FD001: one condition, one fault): 100 engines
 * that ran to failure train, 100 others that stop earlier test.
 */
import * as z from "zod";
import { DataError } from "../../data/data_error.ts";
import { readOptions } from "../../options.ts";
import { type Domain, fileOf, type Files } from "../domain.ts";
import { predicted, type Regression, ridgeRegressions } from "../ridge_regression.ts";

/** Columns of a row: engine, cycle, three settings, 21 sensors. */
const columns = 26;
/** A healthy engine shows nothing of its end: targets are cut off here, as in most published results (Heimes 2008). */
const most = 125;
/** Cycles that the longest method looks back on; the shortest test engine has 31. */
const longest = 30;
/** Of the mean variance of a feature; the best on every fifth engine, which does not train then. */
const ridges = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

/** One engine: [cycles] of settings and sensors. */
type Engine = number[][];

/** Cycles that each method looks back on. */
const methods = { mean: 0, "last-cycle": 1, window: longest };

const schema = () =>
  z.strictObject({ method: z.enum(Object.keys(methods) as [keyof typeof methods]) });

/**
 * Scores: `rmse`, cycles, of targets up to 125; `rmse uncut` of all; `phm`, the penalty of the PHM challenge of 2008, which
 * punishes being late more. Parts `squares`: squared error of each engine.
 */
export const domain: Domain = {
  assess(files, options) {
    const cycles = methods[readOptions("turbofan", schema(), options).method];
    const raw = readEngines(files, "train_FD001.txt");
    const standard = standardiser(raw);
    const train = raw.map(standard);
    const test = readEngines(files, "test_FD001.txt").map(standard);
    const left = readLeft(files, test.length);
    const estimate = cycles === 0 ? constant(train) : fitted(train, cycles);
    const found = test.map((engine) => Math.max(0, Math.min(most, estimate(engine))));
    const squares = found.map((value, i) => (value - Math.min(most, left[i])) ** 2);
    const root = (of: number[]) => Math.sqrt(of.reduce((sum, x) => sum + x, 0) / of.length);
    const late = found.map((value, i) => value - Math.min(most, left[i]));
    return {
      scores: {
        rmse: root(squares),
        "rmse uncut": root(found.map((value, i) => (value - left[i]) ** 2)),
        phm: late.reduce((sum, d) => sum + Math.exp(d < 0 ? -d / 13 : d / 10) - 1, 0),
      },
      parts: { squares },
    };
  },
};

type Estimate = (engine: Engine) => number;

/** Cycles left after each cycle of an engine that ran to failure, cut off. */
const targetsOf = (engine: Engine) => engine.map((_, t) => Math.min(most, engine.length - 1 - t));

function constant(train: readonly Engine[]): Estimate {
  const all = train.flatMap(targetsOf);
  const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
  return () => mean;
}

/** A linear map of the last cycles; its ridge is chosen on engines that do not train. */
function fitted(train: readonly Engine[], cycles: number): Estimate {
  const [kept, held] = [false, true].map((out) =>
    tableOf(train.filter((_, i) => (i % 5 === 4) === out), cycles)
  );
  const n = held.features.length / held.targets.length;
  const error = (map: Regression) =>
    held.targets.reduce(
      (sum, y, r) => sum + (predicted(map, held.features.subarray(r * n, (r + 1) * n)) - y) ** 2,
      0,
    );
  const errors = ridgeRegressions(kept.features, kept.targets, ridges).map(error);
  const ridge = ridges[errors.indexOf(Math.min(...errors))];
  const whole = tableOf(train, cycles);
  const [map] = ridgeRegressions(whole.features, whole.targets, [ridge]);
  return (engine) => predicted(map, featuresOf(engine, engine.length - 1, cycles));
}

/** All cycles with enough before them for the longest method, so that all methods train on the same. */
function tableOf(engines: readonly Engine[], cycles: number) {
  const rows = engines.flatMap((engine) =>
    targetsOf(engine).map((target, at) => ({ target, at, engine })).slice(longest - 1)
  );
  const n = engines[0][0].length * cycles;
  const features = new Float64Array(rows.length * n);
  rows.forEach(({ engine, at }, r) => features.set(featuresOf(engine, at, cycles), r * n));
  return { features, targets: Float64Array.from(rows, ({ target }) => target) };
}

/** The last cycles up to `at`. */
const featuresOf = (engine: Engine, at: number, cycles: number) =>
  Float64Array.from(engine.slice(at + 1 - cycles, at + 1).flat());

/** Columns that vary in training, in deviations from their mean there. */
function standardiser(train: readonly Engine[]): (engine: Engine) => Engine {
  const rows = train.flat();
  const scales = rows[0].flatMap((_, column) => {
    const mean = rows.reduce((sum, row) => sum + row[column], 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + (row[column] - mean) ** 2, 0) / rows.length;
    // Constants are written with a few digits, so that rounding does not make them vary.
    return variance > 1e-12 * mean * mean ? [{ column, mean, deviation: Math.sqrt(variance) }] : [];
  });
  return (engine) =>
    engine.map((row) =>
      scales.map(({ column, mean, deviation }) => (row[column] - mean) / deviation)
    );
}

function readEngines(files: Files, file: string): Engine[] {
  const engines: Engine[] = [];
  for (const [i, cells] of numbersOf(files, file).entries()) {
    if (cells.length !== columns) {
      throw new DataError({ file, line: i + 1 }, `${cells.length} numbers; expected ${columns}.`);
    }
    const [number, cycle, ...rest] = cells;
    (engines[number - 1] ??= []).push(rest);
    if (engines[number - 1].length !== cycle) {
      throw new DataError(
        { file, line: i + 1 },
        `cycle ${cycle} of engine ${number} is out of order.`,
      );
    }
  }
  const short = engines.findIndex((engine) => engine.length < longest);
  if (short < 0) return engines;
  throw new DataError({ file }, `engine ${short + 1} has fewer than ${longest} cycles.`);
}

function readLeft(files: Files, engines: number): number[] {
  const file = "RUL_FD001.txt";
  const left = numbersOf(files, file).map(([cycles]) => cycles);
  if (left.length === engines) return left;
  throw new DataError({ file }, `${left.length} lines, but there are ${engines} test engines.`);
}

/** Numbers of each line. @throws {DataError} for what is none, with its line */
function numbersOf(files: Files, file: string): number[][] {
  const lines = new TextDecoder().decode(fileOf(files, file)).trimEnd().split(/\r?\n/);
  return lines.map((line, i) =>
    line.trim().split(/\s+/).map((text) => {
      const value = Number(text);
      if (text !== "" && Number.isFinite(value)) return value;
      throw new DataError({ file, line: i + 1 }, `${JSON.stringify(text)} is no number.`);
    })
  );
}
