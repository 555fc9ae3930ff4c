/**
 * @file Whether the eyes are open, from two minutes of an electroencephalogram. Neighbouring rows are nearly equal, so a method that
 * remembers rows looks excellent where test rows are drawn at random and is worthless where they are stretches of time.
 */
import * as z from "zod";
import { readArff } from "../../data/arff.ts";
import { readOptions } from "../../options.ts";
import { keyOf, uniforms } from "../../random/random.ts";
import { type Domain, fileOf } from "../domain.ts";
import { predicted, ridgeRegressions } from "../ridge_regression.ts";

/** Rows a second. */
const rate = 128;
const label = "eyeDetection";
const folds = 5;
/** One row in so many is scored: the next ones say the same. */
const every = 4;
/** Accuracy is also given for so many stretches of time. */
const stretches = 20;

interface Recording {
  /** [channels] of [rows], without outliers. */
  channels: Float64Array[];
  names: string[];
  /** 1 for closed eyes. */
  closed: Float64Array;
}

/** Which rows train for the rows of a fold. */
interface Fold {
  train: number[];
  test: number[];
}

/** The first row that has a second before it. */
const first = rate;

const splits: Record<string, (rows: number) => Fold[]> = {
  /** Stretches of time, with a second on either side that trains nothing. */
  blocked: (rows) =>
    foldsOf(
      rows,
      (t) => Math.floor(folds * t / rows),
      (t, test) => t < test[0] - rate || t > test.at(-1)! + rate,
    ),
  /** Rows drawn one by one: the split that makes neighbours of test rows train. */
  random(rows) {
    const drawn = uniforms(keyOf(0), rows);
    return foldsOf(rows, (t) => Math.floor(folds * drawn[t]), () => true);
  },
};

function foldsOf(
  rows: number,
  foldOf: (row: number) => number,
  apart: (row: number, test: readonly number[]) => boolean,
): Fold[] {
  const all = Array.from({ length: rows - first }, (_, i) => first + i);
  return Array.from({ length: folds }, (_, fold) => {
    const test = all.filter((t) => foldOf(t) === fold);
    return { test, train: all.filter((t) => foldOf(t) !== fold && apart(t, test)) };
  });
}

/** 1 for closed eyes at each of the rows. */
type Classifier = (
  recording: Recording,
  train: readonly number[],
  rows: readonly number[],
) => number[];

const classifiers: Record<string, Classifier> = {
  majority({ closed }, train, rows) {
    const share = train.reduce((sum, t) => sum + closed[t], 0) / train.length;
    return rows.map(() => share > 0.5 ? 1 : 0);
  },
  /** Closed eyes show waves of 8 to 12 Hz at the back of the head (Berger 1929). */
  "alpha-power": (recording, train, rows) =>
    regressed(recording, train, rows, alphaPower(recording)),
  /** The value of all channels now and at seven times within the last half second. */
  linear: (recording, train, rows) =>
    regressed(
      recording,
      train,
      rows,
      (t) =>
        recording.channels.flatMap((x) => Array.from({ length: 8 }, (_, lag) => x[t - 8 * lag])),
    ),
  "nearest-row"({ channels, closed }, train, rows) {
    return rows.map((t) => {
      let best = { distance: Infinity, at: train[0] };
      for (const at of train) {
        let distance = 0;
        for (let c = 0; c < channels.length && distance < best.distance; c++) {
          distance += (channels[c][t] - channels[c][at]) ** 2;
        }
        if (distance < best.distance) best = { distance, at };
      }
      return closed[best.at];
    });
  },
};

const schema = () =>
  z.strictObject({
    classifier: z.enum(Object.keys(classifiers)),
    split: z.enum(Object.keys(splits)),
  });

/** Scores: `accuracy`. Parts: the same of stretches of time. */
export const domain: Domain = {
  assess(files, options) {
    const { classifier, split } = readOptions("eye_state", schema(), options);
    const recording = readRecording(fileOf(files, "EEG_Eye_State.arff"));
    const rows = recording.closed.length;
    const right = new Map<number, number>();
    for (const { train, test } of splits[split](rows)) {
      const asked = test.filter((t) => t % every === 0);
      classifiers[classifier](recording, train, asked)
        .forEach((closed, i) => right.set(asked[i], closed === recording.closed[asked[i]] ? 1 : 0));
    }
    const inOrder = [...right].sort(([a], [b]) => a - b).map(([, one]) => one);
    const mean = (of: number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
    const size = inOrder.length / stretches;
    const accuracy = Array.from(
      { length: stretches },
      (_, k) => mean(inOrder.slice(Math.floor(k * size), Math.floor((k + 1) * size))),
    );
    return { scores: { accuracy: mean(inOrder) }, parts: { accuracy } };
  },
};

function readRecording(bytes: Uint8Array): Recording {
  const columns = readArff(bytes, "EEG_Eye_State.arff");
  const names = [...columns.keys()].filter((name) => name !== label);
  // An electrode that slips reads a hundred times what a brain makes.
  const channels = names.map((name) => clipped(columns.get(name)!));
  return { names, channels, closed: columns.get(label)! };
}

/** Distances from the median, 20 median distances at most. */
function clipped(values: Float64Array): Float64Array {
  const middle = (x: Float64Array) => x.toSorted()[x.length >> 1];
  const median = middle(values);
  const distances = values.map((x) => x - median);
  const most = 20 * middle(distances.map(Math.abs));
  return distances.map((x) => Math.max(-most, Math.min(most, x)));
}

/** Least squares of the state on features, at the threshold half way. */
function regressed(
  { closed }: Recording,
  train: readonly number[],
  rows: readonly number[],
  features: (row: number) => number[],
): number[] {
  const table = Float64Array.from(train.flatMap(features));
  const [map] = ridgeRegressions(table, Float64Array.from(train, (t) => closed[t]), [1e-2]);
  return rows.map((t) => predicted(map, Float64Array.from(features(t))) > 0.5 ? 1 : 0);
}

/** Logarithm of the power between 8 and 12 Hz of each occipital channel in the last second. */
function alphaPower({ channels, names }: Recording): (row: number) => number[] {
  const occipital = channels.filter((_, c) => /^O\d/.test(names[c]));
  const waves = [8, 9, 10, 11, 12].flatMap((hertz) =>
    [Math.cos, Math.sin].map((wave) =>
      Float64Array.from({ length: rate }, (_, i) => wave(2 * Math.PI * hertz * i / rate))
    )
  );
  const known = new Map<number, number[]>();
  return (row) => {
    const found = known.get(row) ?? occipital.map((x) => {
      let power = 0;
      for (const wave of waves) {
        let sum = 0;
        for (let i = 0; i < rate; i++) sum += x[row - i] * wave[i];
        power += sum * sum;
      }
      return Math.log(power + Number.MIN_VALUE);
    });
    known.set(row, found);
    return found;
  };
}
