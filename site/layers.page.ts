/** @file The layers: a list by kind, and a page for each with its equations, its place and its training curves. */
import { boardOf, type Model } from "./board.ts";
import { EQUATIONS } from "./catalogue/equations.ts";
import type { Layer } from "./catalogue/layers.ts";
import { mathMl } from "./catalogue/mathematics.ts";
import { markdownToHtml } from "./markdown.ts";
import { drawCurves } from "./plot/curves.ts";
import type { Results } from "./results.ts";

interface Data {
  results: Results;
  layers: Layer[];
}

export default function* ({ results, layers }: Data) {
  const { tasks, families } = boardOf(results, layers);
  const models = families.find(({ id }) => id === "layers")?.models ?? [];
  const kinds = [...new Set(layers.map(({ kind }) => kind))];
  yield {
    layout: "layouts/layers.vto",
    url: "/layers.html",
    root: "",
    section: "layers",
    title: "Layers",
    description: "Every sequence layer of the library, by what its state is.",
    kinds: kinds.map((kind) => ({ kind, layers: layers.filter((layer) => layer.kind === kind) })),
  };
  for (const layer of layers) {
    const uses = models.filter((model) => model.layer === layer.id);
    const shown = tasks.filter(({ id }) => uses.some(({ scores }) => scores[id]));
    const module = layer.id.replaceAll("-", "_");
    const own = results.curves.filter((curve) => curve.layer === module);
    const rows = [...new Set(own.map(({ row }) => row))];
    yield {
      layout: "layouts/layer.vto",
      url: `/layers/${layer.id}.html`,
      root: "../",
      section: "layers",
      title: layer.name,
      description: layer.summary,
      layer,
      paper: linked(layer.paper),
      details: markdownToHtml(layer.details),
      equations: (EQUATIONS[layer.id] ?? []).map(mathMl),
      uses: uses.map((model) => ({
        ...model,
        places: shown.map(({ id }) => placed(model, models, id)),
      })),
      tasks: shown,
      rows: rows.map((row, i) => ({ row, color: `var(--series-${i % 8 + 1})` })),
      curves: [...new Set(own.map(({ task }) => task))].map((task) => ({
        task,
        svg: drawCurves(task, own.filter((curve) => curve.task === task)),
      })).filter(({ svg }) => svg),
    };
    yield { url: `/source/${layer.path}.txt`, content: layer.source };
  }
}

/** Its score and its place among all that were measured there. */
function placed(model: Model, models: readonly Model[], task: string) {
  const own = model.scores[task];
  if (!own) return undefined;
  const all = models.flatMap(({ scores }) => scores[task]?.value ?? []);
  return { ...own, place: 1 + all.filter((value) => value > own.value).length, of: all.length };
}

/** Text in pieces, of which arXiv numbers are links. */
export function linked(text: string): { text: string; href?: string }[] {
  return text.replaceAll("`", "").split(/(arXiv \d{4}\.\d{4,5})/).filter((piece) => piece).map(
    (piece) => {
      const number = /^arXiv (\S+)$/.exec(piece)?.[1];
      return number ? { text: piece, href: `https://arxiv.org/abs/${number}` } : { text: piece };
    },
  );
}
