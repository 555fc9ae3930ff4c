/**
 * @file What the sequence layers say of themselves: each is one file of lib/layers/sequence, whose `about` names it and whose
 * comments explain it, so that a layer that is added has a page without a line here.
 */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { About } from "../../lib/layers/sequence/sequence_layer.ts";
import { commentsOf, headerOf, textOf } from "./comments.ts";

export const LAYERS = fileURLToPath(new URL("../../lib/layers/sequence/", import.meta.url));

export interface Layer extends About {
  /** Of its page and of its file, without ending. */
  id: string;
  /** Below the root of the repository. */
  path: string;
  /** The first sentence of its file. */
  summary: string;
  /** The comment above the layer: its equations and options. */
  details: string;
  source: string;
}

/** All layers, by kind and name. */
export async function readLayers(folder = LAYERS): Promise<Layer[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
  const found = await Promise.all(names.map(async (name) => {
    const path = join(folder, name);
    const { layer } = await import(pathToFileURL(path).href);
    return layer?.about ? [describe(name, layer.about, await readFile(path, "utf8"))] : [];
  }));
  const kinds: About["kind"][] = ["linear map", "linear in the state", "nonlinear"];
  return found.flat().sort((a, b) =>
    kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.name < b.name ? -1 : 1)
  );
}

function describe(file: string, about: About, source: string): Layer {
  const comments = commentsOf(source);
  const own = comments.find(({ index, 0: all }) =>
    /^\s*export const layer\b/.test(source.slice(index + all.length))
  );
  const id = basename(file, ".ts").replaceAll("_", "-");
  return {
    ...about,
    id,
    path: `lib/layers/sequence/${file}`,
    summary: headerOf(source).split("\n\n")[0],
    details: own ? textOf(own[1]).split(/\n*@example/)[0] : "",
    source,
  };
}

/** How a row of a leaderboard uses a layer. */
export type Use = "linear throughout" | "linear in its state" | "nonlinear state" | "attention";

/** In the order of a legend. */
export const USES: readonly Use[] = [
  "linear throughout",
  "linear in its state",
  "nonlinear state",
  "attention",
];

/** The layer that a table's row is about: "DeltaNet [-1, 1]", "GateLoop (-1, 1)" and "LRU, bare" are uses of one; undefined for what is none. */
export function layerOf(label: string, layers: readonly Layer[]): Layer | undefined {
  const name = label.replace(/, (bare|factors in \[.*\])$/, "").replace(/ [[(].*[\])]$/, "");
  return layers.find((layer) => layer.name === name);
}

/** Undefined for what is no layer. A linear map is linear throughout only where no MLP and no norm stands beside it. */
export function useOf(label: string, layers: readonly Layer[]): Use | undefined {
  const layer = layerOf(label, layers);
  if (!layer) return undefined;
  if (layer.kind === "linear map" && label.endsWith(", bare")) return "linear throughout";
  // (What attention keeps is linear, too: tokens as they were. How it reads them is not.)
  if (/^(softmax|local) attention$/.test(layer.name)) return "attention";
  return layer.kind === "nonlinear" ? "nonlinear state" : "linear in its state";
}
