/**
 * @file Picking the first arrival of earthquakes in windows that are shifted: in the published records it always stands at the same sample,
 * so that a constant would be perfect.
 */
import * as z from "zod";
import { extract } from "../../data/archive.ts";
import { DataError } from "../../data/data_error.ts";
import { readNpy } from "../../data/npy.ts";
import { readOptions } from "../../options.ts";
import type { Domain } from "../domain.ts";
import { energyOf, energyRatioPick, predictionErrors, variancePick } from "./pickers.ts";

/** Samples of a window, and where in it the arrival is put: 10 ms each. */
const length = 3000;
const places = Array.from({ length: 10 }, (_, i) => 600 + 200 * i);
/** Seconds a sample. */
const interval = 0.01;
/** Seconds from which on a pick is simply wrong. */
const worst = 1;

type Picker = (components: Float64Array[]) => number;

const ratio: Picker = (components) => energyRatioPick(energyOf(components));
/** The last component is the vertical one, on which the first wave is strongest. */
const refined: Picker = (components) => variancePick(components.at(-1)!, ratio(components));

const pickers: Record<string, Picker> = {
  constant: () => places.reduce((sum, place) => sum + place, 0) / places.length,
  "energy-ratio": ratio,
  "variance": refined,
  "linear-energy-ratio": (components) => ratio(components.map(predictionErrors)),
  "linear-variance": (components) => refined(components.map(predictionErrors)),
};

const schema = () => z.strictObject({ picker: z.enum(Object.keys(pickers)) });

/** Scores: `error`, seconds, of at most 1 each, mean over windows; `within`, the share within .1 s. Parts: the same of each record. */
export const domain: Domain = {
  assess(files, options) {
    const pick = pickers[readOptions("earthquakes", schema(), options).picker];
    const errors: number[] = [], within: number[] = [];
    for (const path of [...files.keys()].sort()) {
      const { components, arrival } = readRecord(files.get(path)!, path);
      const missed = places.map((place) => {
        const start = arrival - place;
        // Each window is centred by itself, as a stream would be.
        const window = components.map((x) => centred(x.subarray(start, start + length)));
        return interval * Math.abs(pick(window) - place);
      });
      errors.push(mean(missed.map((error) => Math.min(error, worst))));
      within.push(mean(missed.map((error) => error <= 0.1 ? 1 : 0)));
    }
    return {
      scores: { error: mean(errors), within: mean(within) },
      parts: { error: errors, within },
    };
  },
};

function readRecord(bytes: Uint8Array, file: string) {
  const array = (member: string) => readNpy(extract(bytes, `${member}.npy`, file), file);
  const { shape: [samples, count], data } = array("data");
  const arrival = array("itp").data[0];
  if (!(arrival >= places.at(-1)! && arrival - places[0] + length <= samples)) {
    throw new DataError(
      { file },
      `the arrival ${arrival} of ${samples} samples leaves no room for windows.`,
    );
  }
  const components = Array.from(
    { length: count },
    (_, c) => Float64Array.from({ length: samples }, (_, t) => data[t * count + c]),
  );
  return { components, arrival };
}

function centred(values: Float64Array): Float64Array {
  const level = values.reduce((sum, x) => sum + x, 0) / values.length;
  return values.map((x) => x - level);
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
