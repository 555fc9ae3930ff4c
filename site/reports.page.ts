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
      first: /^[^#|\n-][^\n]*(?:\n[^\n]+)*/m.exec(text)?.[0] ?? "",
    })),
  };
  for (const { id, title, text } of reports) {
    // Reports, and tables that this site shows, are linked; of others the name stays.
    const link = (target: string) => {
      const report = reports.find((other) => target === `${other.id}.md`);
      if (report) return `${report.id}.html`;
      const table = /^standard\/([\w-]+)\.md$/.exec(target)?.[1];
      return table && known.has(table) ? `../experiments/${table}.html` : undefined;
    };
    yield {
      layout: "layouts/report.vto",
      url: `/reports/${id}.html`,
      root: "../",
      section: "reports",
      title,
      description: title,
      html: markdownToHtml(text, { link, level: 0 }),
    };
  }
}
