/** @file What every page and layout can name. */
import { readDatasets } from "./catalogue/datasets.ts";
import { readFamilies } from "./catalogue/families.ts";
import { readLayers } from "./catalogue/layers.ts";
import { readTasks } from "./catalogue/tasks.ts";
import { readReports } from "./catalogue/reports.ts";

export const project = {
  name: "deep-linear-ts",
  question: "How far do linear sequence models get, what does depth add, and what does " +
    "nonlinearity buy?",
  /** Of the head of every page. */
  pages: [
    { section: "overview", file: "index.html", name: "Findings" },
    { section: "leaderboard", file: "leaderboard.html", name: "Leaderboard" },
    { section: "layers", file: "layers.html", name: "Layers" },
    { section: "tasks", file: "tasks.html", name: "Tasks" },
    { section: "reports", file: "reports.html", name: "Reports" },
    { section: "lab", file: "lab.html", name: "Lab" },
    { section: "data", file: "data.html", name: "Data" },
    { section: "sql", file: "sql.html", name: "SQL", needs: "sql" },
  ],
};

/** What the layers of the library say of themselves. */
export const layers = await readLayers();
export const tasks = await readTasks();

/** Which experiments belong together. */
export const families = await readFamilies();

/** Where data come from. */
export const datasets = await readDatasets();

/** Findings in prose. */
export const reports = await readReports();
