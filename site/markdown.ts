/**
 * @file The little Markdown that experiments describe their method in, as HTML.
 *
 * Paragraphs, headings, lists, fenced code, `code`, **bold**, *emphasis* and links. Everything is
 * escaped first, so a description can never bring markup of its own, and links go to http(s) only.
 */

export function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;").replace(/'/g, "&#39;");
}

export interface MarkdownOptions {
  /** Where a link that is no address leads; undefined leaves its text. */
  link?: (target: string) => string | undefined;
  /** By how much headings start below their own level: a method sits two levels down, below its own heading on the page. */
  level?: number;
}

export function markdownToHtml(
  markdown: string,
  { link, level = 2 }: MarkdownOptions = {},
): string {
  const inline = (text: string) => inlineHtml(text, link);
  const fences: string[] = [];
  const withoutFences = markdown.replaceAll("\r", "").replaceAll("\0", "").replace(
    /^```[^\n]*\n([\s\S]*?)^```[^\S\n]*$/gm,
    (_, code: string) => `\n\n\0${fences.push(code) - 1}\n\n`,
  );
  return withoutFences.split(/\n\s*\n/).map((block) => block.trim()).filter((block) => block)
    .map((block) => {
      const fence = /^\0(\d+)$/.exec(block);
      if (fence) return `<pre><code>${escapeHtml(fences[Number(fence[1])])}</code></pre>`;
      if (/^-{3,}$/.test(block)) return "<hr>";
      const heading = /^(#{1,4}) +(.*)$/.exec(block);
      if (heading) {
        const at = Math.min(6, heading[1].length + level);
        return `<h${at}>${inline(heading[2])}</h${at}>`;
      }
      if (/^\|.*\|\n\|[ :|-]+\|/.test(block)) return tableHtml(block, inline);
      const marker = /^(?:[-*]|\d+[.)]) +/;
      if (marker.test(block)) {
        const tag = /^\d/.test(block) ? "ol" : "ul";
        const items = block.split(/\n(?=(?:[-*]|\d+[.)]) +)/)
          .map((item) => `<li>${inline(item.replace(marker, ""))}</li>`);
        return `<${tag}>${items.join("")}</${tag}>`;
      }
      return `<p>${inline(block)}</p>`;
    }).join("\n");
}

/** Rows of cells between bars; the second line says which columns are of numbers. */
function tableHtml(block: string, inline: (text: string) => string): string {
  const cells = (line: string) =>
    line.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const [head, rule, ...rows] = block.split("\n").map(cells);
  const css = rule.map((mark) => mark.endsWith(":") && !mark.startsWith(":") ? ' class="num"' : "");
  const line = (row: string[], tag: string) =>
    `<tr>${row.map((cell, i) => `<${tag}${css[i] ?? ""}>${inline(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="results"><thead>${
    line(head, "th")
  }</thead><tbody>${rows.map((row) => line(row, "td")).join("\n")}</tbody></table></div>`;
}

function inlineHtml(text: string, link?: MarkdownOptions["link"]): string {
  // Code is cut out first: nothing inside it is emphasis, and it may stand inside emphasis.
  const codes: string[] = [];
  const prose = text.replace(/\s+/g, " ")
    .replace(/`([^`]+)`/g, (_, code: string) => `\0${codes.push(code) - 1}\0`);
  return escapeHtml(prose)
    .replace(/\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g, '<a href="$2" rel="external">$1</a>')
    .replace(/\[([^\]]+)\]\(([\w./-]+)\)/g, (all, words: string, target: string) => {
      if (!link) return all;
      const href = link(target);
      return href === undefined ? words : `<a href="${href}">${words}</a>`;
    })
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/\*([^*\s][^*]*)\*/g, "<em>$1</em>")
    .replace(/(?<![\w/])_([^_\s][^_]*)_(?!\w)/g, "<em>$1</em>")
    .replace(/\0(\d+)\0/g, (_, at: string) => `<code>${escapeHtml(codes[Number(at)])}</code>`);
}
