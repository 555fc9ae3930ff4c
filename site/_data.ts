/** @file What every page and layout can name. */
import { readLayers } from "./catalogue/layers.ts";

export const project = {
  name: "deep-linear-ts",
  question: "How far do linear sequence models get, what does depth add, and what does " +
    "nonlinearity buy?",
  about: "Filters and forecasters measured against exact optima: the Kalman filter and the " +
    "closed-form least-squares forecaster. Every number links to the job that computed it.",
};

/** What the layers of the library say of themselves. */
export const layers = await readLayers();
