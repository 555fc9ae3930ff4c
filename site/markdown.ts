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

export function markdownToHtml(markdown: string): string {
  const fences: string[] = [];
  const withoutFences = markdown.replaceAll("\r", "").replaceAll("\0", "").replace(
    /^```[^\n]*\n([\s\S]*?)^```[^\S\n]*$/gm,
    (_, code: string) => `\n\n\0${fences.push(code) - 1}\n\n`,
  );
  return withoutFences.split(/\n\s*\n/).map((block) => block.trim()).filter((block) => block)
    .map((block) => {
      const fence = /^\0(\d+)$/.exec(block);
      if (fence) return `<pre><code>${escapeHtml(fences[Number(fence[1])])}</code></pre>`;
      // A method sits below its own heading on the page, so its headings start two levels down.
      const heading = /^(#{1,4}) +(.*)$/.exec(block);
      if (heading) {
        const level = Math.min(6, heading[1].length + 2);
        return `<h${level}>${inline(heading[2])}</h${level}>`;
      }
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

function inline(text: string): string {
  // Code is cut out first: nothing inside it is emphasis.
  return text.replace(/\s+/g, " ").split(/(`[^`]+`)/).map((part) => {
    if (/^`[^`]+`$/.test(part)) return `<code>${escapeHtml(part.slice(1, -1))}</code>`;
    return escapeHtml(part)
      .replace(/\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g, '<a href="$2">$1</a>')
      .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
      .replace(/\*([^*\s][^*]*)\*/g, "<em>$1</em>");
  }).join("");
}
