/** @file The leaderboard across families, complete without a script; with one it sorts and filters, and says so in its address. */
import { boardOf, type Model, type Shown } from "./board.ts";
import type { Layer } from "./catalogue/layers.ts";
import { drawPareto, type Priced } from "./plot/pareto.ts";
import type { Results } from "./results.ts";

export const layout = "layouts/leaderboard.vto";

interface Data {
  results: Results;
  layers: Layer[];
}

export default function* ({ results, layers }: Data) {
  const { tasks, families } = boardOf(results, layers);
  const models = families.flatMap(({ models }) => models);
  const groups = [...new Set(tasks.flatMap(({ group }) => group ?? []))];
  const has = (part: "rank" | "state" | "seconds" | "eigenvalues") => models.some((m) => m[part]);
  // Seen at first: a model, its kind, its rank, four tasks and its size. The others can be chosen.
  const chosen = [
    ...(has("state") ? [{ id: "state", label: "state" }] : []),
    ...(has("seconds") ? [{ id: "seconds", label: "seconds to train" }] : []),
    ...(has("eigenvalues") ? [{ id: "eigenvalues", label: "eigenvalues" }] : []),
    ...groups.map((group) => ({ id: slug(group), label: group })),
  ];
  const columns = [
    ...(has("rank") ? [{ id: "rank", label: "rank", of: (m: Model) => m.rank }] : []),
    ...tasks.filter(({ group }) => !group).map(({ id, label }) => ({
      ...{ id, label, task: true },
      of: (m: Model): Shown | undefined => m.scores[id],
    })),
    { id: "parameters", label: "parameters", of: (m: Model) => m.parameters },
    ...(has("state")
      ? [{ id: "state", label: "state", part: "state", of: (m: Model) => m.state }]
      : []),
    ...(has("seconds")
      ? [{ id: "seconds", label: "seconds", part: "seconds", of: (m: Model) => m.seconds }]
      : []),
    ...tasks.filter(({ group }) => group).map(({ id, label, group }) => ({
      ...{ id, label, part: slug(group!) },
      of: (m: Model): Shown | undefined => m.scores[id],
    })),
  ];
  yield {
    url: "/leaderboard.html",
    root: "",
    section: "leaderboard",
    title: "Leaderboard",
    description: "How much of the gap from floor to optimum each model closes on each task.",
    chosen,
    styles: chosen.map(({ id }) =>
      `.board:not(:has(#show-${id}:checked)) .part-${id} { display: none !important; }`
    ).join("\n"),
    columns,
    families: families.map((family) => ({
      ...family,
      models: family.models.map((model) => ({
        ...model,
        cells: columns.map(({ id, label, of, ...rest }) => ({
          id,
          label,
          ...rest,
          shown: of(model),
        })),
      })),
    })),
    kinds: distinct(models.map(({ kind }) => kind)),
    eigenvalues: distinct(models.flatMap(({ eigenvalues }) => eigenvalues ?? [])),
    width: columns.filter((column) => !("part" in column)).length + 2,
    pareto: paretoOf(families, tasks),
  };
}

function paretoOf(
  families: ReturnType<typeof boardOf>["families"],
  tasks: { id: string; group?: string }[],
) {
  const priced = (models: Model[], task: string, cost: (m: Model) => Shown | undefined): Priced[] =>
    models.flatMap((m) => {
      const [price, score] = [cost(m), m.scores[task]];
      return price && score
        ? [{ label: m.label, kind: m.kind, cost: price.value, gain: score.value }]
        : [];
    });
  const axes = [
    { cost: "numbers in the state", of: (m: Model) => m.state },
    { cost: "seconds to train", of: (m: Model) => m.seconds },
  ];
  return families.flatMap(({ models, title }) =>
    axes.flatMap(({ cost, of }) =>
      tasks.filter(({ group }) => !group).flatMap(({ id }) => {
        const points = priced(models, id, of);
        if (points.length < 3) return [];
        const name = `${id}, ${title.toLowerCase()}`;
        return [{ title: name, svg: drawPareto({ title: name, cost, models: points }) }];
      })
    )
  ).filter(({ svg }) => svg);
}

const distinct = (values: string[]) => [...new Set(values)];

const slug = (text: string) => text.replace("λ", "lambda").replace(/\W+/g, "-");
