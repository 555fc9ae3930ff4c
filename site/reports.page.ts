/** @file The reports in prose as pages. */
import type { Report } from "./catalogue/reports.ts";
import { markdownToHtml } from "./markdown.ts";
import type { Results } from "./results.ts";

interface Data {
  results: Results;
  reports: Report[];
}

export default function* ({ results: { experiments }, reports }: Data) {
  const known = new Set(experiments.map(({ id }) => id));
  /** Where a link of a report leads from a page: reports, and tables that this site shows, are linked; of others the name stays. */
  const linkFrom = (root: string) => (target: string) => {
    const report = reports.find((other) => target === `${other.id}.md`);
    if (report) return `${root}reports/${report.id}.html`;
    const table = /^standard\/([\w-]+)\.md$/.exec(target)?.[1];
    return table && known.has(table) ? `${root}experiments/${table}.html` : undefined;
  };
  yield {
    layout: "layouts/reports.vto",
    url: "/reports.html",
    root: "",
    section: "reports",
    title: "Reports",
    description: "What was found, in prose.",
    list: reports.map(({ id, title, text }) => ({
      id,
      title,
      first: markdownToHtml(/^[^#|\n-][^\n]*(?:\n[^\n]+)*/m.exec(text)?.[0] ?? "", {
        link: linkFrom(""),
      }),
    })),
  };
  for (const { id, title, text } of reports) {
    yield {
      layout: "layouts/report.vto",
      url: `/reports/${id}.html`,
      root: "../",
      section: "reports",
      title,
      description: title,
      html: markdownToHtml(text, { link: linkFrom("../"), level: 0 }),
    };
  }
}
