/** @file What the other pages refer to: glossary, method, how to reproduce and cite. */
import { commitText } from "../pipeline/publish/about.ts";
import { shortCommit } from "../pipeline/publish/markdown.ts";
import { GLOSSARY } from "./glossary.ts";
import type { Results } from "./results.ts";
import { prose, sorted } from "./words.ts";

export default function* ({ results }: { results: Results }) {
  const { experiments, profile, machines, commits, citation } = results;
  const page = { root: "", section: "reference" };
  yield {
    ...page,
    layout: "layouts/glossary.vto",
    url: "/glossary.html",
    title: "Glossary",
    description: "The words that these pages use.",
    terms: GLOSSARY,
  };
  yield {
    ...page,
    layout: "layouts/method.vto",
    url: "/method.html",
    title: "Method",
    description: "How hypotheses are judged, and what is checked.",
    checks: experiments.map(({ id, title, findings }) => ({
      ...{ id, title },
      checked: sorted(findings).checked.map(prose),
    })).filter(({ checked }) => checked.length),
  };
  yield {
    ...page,
    layout: "layouts/reproduce.vto",
    url: "/reproduce.html",
    title: "Reproduce this",
    description: "The commands that make every number again, and how to cite them.",
    profile,
    machines: [...machines.values()],
    tables: experiments.map(({ id, title, command, commit, older }) => ({
      ...{ id, title, command, older: older !== null },
      commit: commitText(commit, commits) || "not recorded",
    })),
    bibtex: citation,
    versions: commits.map(({ commit, date, dirty, tables }) => ({
      ...{ commit: shortCommit(commit), date: date?.slice(0, 10) ?? "not recorded" },
      ...{ dirty, tables: `${tables} ${tables === 1 ? "table" : "tables"}` },
    })),
  };
}
