/** @file The last touches of every drawing: what Plot writes for a page of its own is made fit for these. */
import type { Drawn } from "../../lib/plot/document.ts";

/**
 * The drawing as text: a picture with one description, styled by the site, its places to a hundredth of a pixel (half the bytes).
 *
 * Groups keep what Plot calls them as `data-part`: a name that is read aloud may not stand on a part of a picture.
 */
export function finished(svg: Drawn, described: string): string {
  svg.querySelector("style").remove();
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", described);
  const html = svg.outerHTML as string; // written anew each time that it is asked for
  const [head] = /^<svg [^>]*>/.exec(html)!;
  const body = html.slice(head.length)
    .replace(
      /<g ([^>]*)>/g,
      (_, attributes: string) => `<g ${attributes.replace(/\baria-label="/, 'data-part="')}>`,
    )
    .replace(
      / (x|y|x1|x2|y1|y2|cx|cy|d|transform)="([^"]*)"/g,
      (_, name, value) => ` ${name}="${value.replace(/(\d\.\d\d)\d+/g, "$1")}"`,
    );
  return head + body;
}
