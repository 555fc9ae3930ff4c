/** @file Statements that papers prove or derive about linear recurrences, each beside what it says of small ones: memory, stability, learning, and networks after them. */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Tags } from "../../tags.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, minus, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import {
  overSeeds,
  scalarOf,
  studyRuns,
  withinClause,
  withinEffect,
  worst,
} from "../deep_linear_networks/shared/studies.ts";

/** Largest relative or absolute deviations, what a linear readout and what a network explain, and the factor of the curse. */
const tolerance = { memory: 0.02, outlier: 0.05, frequencies: 0.02, linear: 0.05 };
const [explained, times] = [0.9, 2];
const factor = Math.log(times);
const [fewDecays, manyDecays] = [4, 12];

export const meta: ExperimentMeta = {
  id: "recurrent-theory",
  title: "What theory says of linear recurrences",
  question: "Do small linear recurrences do what is proved or derived of them?",
  hypothesis:
    `Reservoirs of at most 16 states remember as many inputs as their controllability matrix has rank, within ${
      percent(tolerance.memory)
    }; with logarithms of rates of decay as parameters, changed by .01, the worst error of ${manyDecays} decays beside a memory of power -1.5 is at most 1/${times} of that of ${fewDecays}, ` +
    `with eigenvalues as parameters at least ${times} times as large; a recurrence of 20 states that learns to integrate noise from small weights has, at ten times on the way, an eigenvalue within ${tolerance.outlier} of ` +
    `that of one state; at ten times products of read-in and read-out of 1, 4 and 16 states are within ${
      percent(tolerance.frequencies)
    } of the curve of their spectra; of u(t-1) u(t-3) a linear readout of a linear recurrence explains at most ${
      percent(tolerance.linear)
    }, a network of 16 hidden units at least ${percent(explained)}.`,
  method:
    "In float64. **Memory capacity** (Gonon, Grigoryeva, Ortega, arXiv 2004.11234): pairs of states that turn at angles of their own, some of them twice, some out of the input's reach, in random " +
    "coordinates; R² of past inputs on 40,000 states, summed over lags, beside the rank. **Curse of memory** (Wang & Li, arXiv 2311.14495): sums of decays of rates 2, 1, 1/2, … fitted to " +
    "(1 + lag)^-1.5; the error after the worst of 32 changes of all parameters by ±.01, over the sum of the memory, beside the error without. " +
    "**Integration of noise** (Bordelon et al., arXiv 2503.18754): gradient descent on the exact loss of a filter .9^lag, read in and out along one direction; the largest eigenvalue beside that of one state, " +
    "from weights of spectral radius .1, and, not judged, .8. " +
    "**Frequencies** (Smékal et al., arXiv 2407.07279): states of eigenvalue .8, coloured inputs, a target out of reach; times until half of the product is learned, beside those of the logistic curve of the two means over the spectra. " +
    "**Networks after recurrences** (Orvieto et al., arXiv 2307.11888): six fixed complex states, a readout that is linear or has one hidden layer, found by L-BFGS on 1,000 times and scored on 1,000 others. " +
    "Approximation at a size is shown, not universality.",
  from: "standard",
};

/** The statements, in the order of the table. */
const claims = {
  memory: "memory capacity is the rank of controllability",
  curse: "curse of memory",
  outlier: "one eigenvalue integrates noise",
  frequencies: "spectra tell how products are learned",
  network: "networks after linear recurrences multiply",
} as const;
type Claim = keyof typeof claims;

const study: Record<Claim, string> = {
  memory: "reservoir_memory",
  curse: "perturbed_memory",
  outlier: "outlier_eigenvalue",
  frequencies: "frequency_domain",
  network: "network_after_recurrence",
};

const parameters = { "log rate": "logarithms of rates", eigenvalue: "eigenvalues" } as const;
type Parameter = keyof typeof parameters;
const decays = (states: number, parameter: Parameter) =>
  `${states} decays, parameters are ${parameters[parameter]}`;
const [small, large] = ["weights of radius .1", "weights of radius .8"];
const [linear, network] = ["linear readout", "16 hidden units"];

/** Of every statement its settings, by their labels. */
const settings: Record<Claim, Record<string, Record<string, unknown>>> = {
  memory: {
    "8 states": { pairs: 4 },
    "16 states, each driven like another": { pairs: 4, copies: 2 },
    "10 states, 4 of them not driven": { pairs: 3, silent: 2 },
  },
  curse: Object.fromEntries(
    (Object.keys(parameters) as Parameter[]).flatMap((parameter) =>
      [fewDecays, manyDecays].map((states) => [
        decays(states, parameter),
        { states, parameter },
      ])
    ),
  ),
  outlier: { [small]: { spread: 0.1 }, [large]: { spread: 0.8 } },
  frequencies: {
    "1 state": { states: 1 },
    "4 states": { states: 4 },
    "16 states": { states: 16 },
  },
  network: { [linear]: { hidden: 0 }, [network]: { hidden: 16 } },
};
const all = (Object.keys(claims) as Claim[]).flatMap((claim) =>
  Object.entries(settings[claim]).map(([setting, options]) => ({ claim, setting, options }))
);

/** Tags: claim, setting, seed. */
export const grid: Grid = (g) =>
  g.table(
    all.flatMap(({ claim, setting, options }) =>
      studyRuns(g, study[claim], [{ tags: { claim, setting }, options }])
    ),
  );

const hypothesis = overSeeds([
  withinClause("relative error of the memory capacity", tolerance.memory),
  {
    what: `error of ${fewDecays} over ${manyDecays} decays, parameters are logarithms of rates`,
    metric: "error after changes",
    scale: "factor",
    margin: factor,
  },
  {
    what: `error of ${manyDecays} over ${fewDecays} decays, parameters are eigenvalues`,
    metric: "error after changes",
    scale: "factor",
    margin: factor,
  },
  withinClause("distance of the outlier from the eigenvalue of one state", tolerance.outlier),
  withinClause("relative distance of products from their curve", tolerance.frequencies),
  withinClause("share of a product explained by a linear readout", tolerance.linear),
  {
    what: "share of a product explained by a network",
    metric: "share explained",
    scale: "points",
    margin: explained,
  },
]);

interface Row {
  claim: Claim;
  setting: string;
  expected?: Values;
  measured: Values;
}

const what: Record<Claim, string> = {
  memory: "inputs remembered",
  curse: "error after changes (expected: without)",
  outlier: "largest eigenvalue (expected: of one state)",
  frequencies: "time to half, in 1 / (2 eta)",
  network: "share explained",
};

const columns: TableColumn<Row>[] = [
  { id: "statement", label: "statement", format: "text", of: ({ claim }) => claims[claim] },
  { id: "setting", label: "setting", format: "text", of: ({ setting }) => setting },
  { id: "quantity", label: "quantity", format: "text", of: ({ claim }) => what[claim] },
  {
    id: "expected",
    label: "expected",
    note: "By the statement, or what it is compared with.",
    of: ({ expected }) => expected && cellOf(expected),
  },
  { id: "measured", label: "measured", of: ({ measured }) => cellOf(measured) },
];

/** The table: one row for each statement and setting. */
export function summarize(runs: Runs): Summary {
  const scalar = (claim: Claim, setting: string, name: string) => {
    const tags: Tags = { claim, setting };
    return scalarOf(runs, tags, name);
  };
  const rows = all.map(({ claim, setting }): Row => ({
    ...{ claim, setting },
    ...(claim === "network" ? {} : { expected: scalar(claim, setting, "expected") }),
    measured: scalar(claim, setting, "measured"),
  }));
  const deviation = (claim: Claim) =>
    worst(
      Object.keys(settings[claim]).map((setting) => scalar(claim, setting, "deviation")),
      `largest deviation, ${claims[claim]}`,
    );
  const logError = (states: number, parameter: Parameter) =>
    mapped(
      scalar("curse", decays(states, parameter), "measured"),
      Math.log,
      `log error, ${decays(states, parameter)}`,
    );
  const gain = minus(logError(fewDecays, "log rate"), logError(manyDecays, "log rate"));
  const loss = minus(logError(manyDecays, "eigenvalue"), logError(fewDecays, "eigenvalue"));
  const explainedBy = (readout: string) => scalar("network", readout, "measured");
  const [memory, frequencies] = [deviation("memory"), deviation("frequencies")];
  const outlier = scalar("outlier", small, "deviation");
  const others = scalar("outlier", small, "others");
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(hypothesis, [
      withinEffect(memory, tolerance.memory, "log share of 2 %, memory"),
      plainEffect(gain),
      plainEffect(loss),
      withinEffect(outlier, tolerance.outlier, "log share of .05, outlier"),
      withinEffect(frequencies, tolerance.frequencies, "log share of 2 %, frequencies"),
      withinEffect(explainedBy(linear), tolerance.linear, "log share of 5 %, linear readout"),
      plainEffect(explainedBy(network)),
    ]),
    findings: [
      `The memory capacity is within ${percent(Math.max(...memory.values))} of the rank.`,
      `After changes of .01 the error of ${manyDecays} decays is ${
        Math.exp(-mean(gain)).toPrecision(2)
      } of that of ${fewDecays} where parameters are logarithms of rates, and ${
        Math.exp(mean(loss)).toPrecision(2)
      } times it where they are eigenvalues.`,
      `The eigenvalue that integrates is within ${
        Math.max(...outlier.values).toPrecision(2)
      } of that of one state from small weights, and within ${
        Math.max(...scalar("outlier", large, "deviation").values).toPrecision(2)
      } from large ones; the largest other one ends at ${
        mean(others).toPrecision(2)
      } times the largest at the start.`,
      `Products of read-in and read-out are within ${
        percent(Math.max(...frequencies.values))
      } of the curve of their spectra.`,
      `Of a product of two inputs a linear readout explains ${
        percent(mean(explainedBy(linear)))
      }, a network ${percent(mean(explainedBy(network)))}.`,
    ],
    plots: [],
  };
}
