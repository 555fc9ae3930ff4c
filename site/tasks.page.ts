/** @file The tasks and the data: a list, and a page for each. */
import { boardOf } from "./board.ts";
import type { Dataset } from "./catalogue/datasets.ts";
import type { Layer } from "./catalogue/layers.ts";
import { mathMl } from "./catalogue/mathematics.ts";
import type { TaskInfo } from "./catalogue/tasks.ts";
import { publishedBeside } from "./published.ts";
import type { Results } from "./results.ts";

interface Data {
  results: Results;
  layers: Layer[];
  tasks: TaskInfo[];
  datasets: Dataset[];
}

export default function* ({ results, layers, tasks, datasets }: Data) {
  const section = "tasks";
  yield {
    layout: "layouts/tasks.vto",
    url: "/tasks.html",
    root: "",
    section,
    title: "Tasks and data",
    description: "What models are asked, from which floor to which optimum, and on which data.",
    tasks,
    datasets,
  };
  const { families } = boardOf(results, layers);
  for (const task of tasks) {
    // Families are told apart: they were measured on data of their own.
    const scored = families.map(({ title, note, models }) => ({
      ...{ title, note },
      models: models.flatMap(({ label, kind, layer, scores }) =>
        scores[task.id] ? [{ label, kind, layer, shown: scores[task.id] }] : []
      ).sort((a, b) => b.shown.value - a.shown.value),
    })).filter(({ models }) => models.length);
    yield {
      layout: "layouts/task.vto",
      url: `/tasks/${task.id}.html`,
      root: "../",
      section,
      title: task.name,
      description: task.asks,
      task,
      equations: task.equations.map(mathMl),
      scored,
      used: usedBy(results, (task_) => task_?.name === task.id.replaceAll("-", "_")),
    };
  }
  for (const dataset of datasets) {
    yield {
      layout: "layouts/dataset.vto",
      url: `/datasets/${dataset.id}.html`,
      root: "../",
      section,
      title: dataset.title,
      description: `${dataset.title}: source, licence and checksum.`,
      dataset,
      bytes: dataset.bytes.toLocaleString("en-US"),
      published: publishedBeside(results.experiments, dataset.id),
      used: usedBy(results, (task) => task?.options?.dataset === dataset.id),
    };
  }
}

/** Experiments one of whose jobs has such a task. */
function usedBy(
  { experiments }: Results,
  wanted: (task: { name?: unknown; options?: { dataset?: unknown } } | undefined) => boolean,
) {
  return experiments.filter(({ jobs }) =>
    jobs.some(({ params }) =>
      wanted((params as { task?: Parameters<typeof wanted>[0] } | null)?.task)
    )
  ).map(({ id, title }) => ({ id, title }));
}
