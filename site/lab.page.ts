/** @file The lab: pages that compute in the reader's browser, with the library's own code. */
import { readFileSync } from "node:fs";
import type { Dataset } from "./catalogue/datasets.ts";
import { mathMl } from "./catalogue/mathematics.ts";
import { filterView } from "./lab/filter/view.ts";
import type { Lab } from "./lab/lab.ts";
import type { Results } from "./results.ts";

interface Data {
  results: Results;
  lab: Lab;
  datasets: Dataset[];
}

/** Of the linear language model, lib/models/collapsed_mixer.ts. */
const LOGITS = String.raw`\ell_t = \sum_{s \le t} M_{ts}\, Q_{x_s} + b_t h`;

/** In the order in which they are told. */
const PAGES = [
  {
    name: "filter",
    title: "Filter a linear system",
    asks:
      "How close do the best maps of the last 8 and 64 observations come to the Kalman filter, " +
      "on a system that nobody published?",
  },
  {
    name: "text",
    title: "Write with one matrix",
    asks:
      "A language model that is linear says exactly why: which earlier token gave how much to the one it drew?",
  },
  {
    name: "forecast",
    title: "Forecast your own file",
    asks:
      "Which closed form forecasts a CSV of yours best, how sure is it, and which past values is one forecast made of?",
  },
  {
    name: "training",
    title: "Watch a recurrence learn",
    asks:
      "A recurrence learns to filter, or parity: how fast does its loss fall towards the optimum, and where do its eigenvalues go?",
  },
];

export default function* ({ results, lab, datasets }: Data) {
  const styles = readFileSync(new URL("lab/style.css", import.meta.url), "utf8");
  const page = { section: "lab", styles };
  yield {
    ...page,
    layout: "layouts/lab.vto",
    url: "/lab.html",
    root: "",
    title: "Lab",
    description: "Filters, forecasts, language and training, computed in your browser.",
    pages: PAGES,
    packages: lab.packages,
  };
  const views: Record<string, object> = {
    filter: filterView(results, lab.systems),
    text: { equations: [mathMl(LOGITS)] },
    forecast: { example: datasets.find(({ id }) => id === "co2-monthly") },
    training: {
      ...{ lambdas: ["0.8", "0.9", "0.95", "0.98"], chosen: "0.95" },
      choices: [
        { value: "filtering", name: "LRU, to filter" },
        { value: "deltanet-negative", name: "DeltaNet [−1, 1], parity" },
        { value: "deltanet", name: "DeltaNet [0, 1], parity" },
        { value: "lstm", name: "LSTM, parity" },
      ],
    },
  };
  for (const { name, title, asks } of PAGES) {
    yield {
      ...{ ...page, layout: `layouts/lab/${name}.vto`, url: `/lab/${name}.html`, root: "../" },
      ...{ title, description: asks, asks, script: `${name}.js`, ...views[name] },
    };
  }
  for (const { name, content } of lab.files) yield { url: `/lab/${name}`, content };
}
