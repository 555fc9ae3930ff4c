/**
 * @file A document for Observable Plot that holds nothing but SVG: elements with attributes and text, written down once.
 *
 * A DOM for pages (lib/plot/document.ts) makes of every attribute a node that may have listeners, and that takes half of the time of a
 * build. What Plot and d3-selection ask of a drawing is little; what is not here would fail loudly.
 */
import type { Drawn } from "../../lib/plot/document.ts";

const SVG = "http://www.w3.org/2000/svg";

const escaped = (text: string) =>
  text.replace(/[&<>\u00a0]/g, (c) => c === "\u00a0" ? "&#160;" : ESCAPES[c]);
const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const quoted = (value: string) =>
  value.replace(/["&<>]/g, (c) => c === '"' ? "&quot;" : ESCAPES[c]);

export class SvgElement implements Drawn {
  readonly namespaceURI = SVG;
  readonly children: SvgElement[] = [];
  parentNode: SvgElement | null = null;
  #attributes = new Map<string, string>();
  /** Of an element without children. */
  #text = "";

  constructor(readonly ownerDocument: SvgDocument, readonly tagName: string) {}

  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, `${value}`);
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  appendChild(child: SvgElement): SvgElement {
    return this.insertBefore(child, null);
  }

  /** @param next null to put it last */
  insertBefore(child: SvgElement, next: SvgElement | null): SvgElement {
    child.remove();
    this.children.splice(next ? this.children.indexOf(next) : this.children.length, 0, child);
    child.parentNode = this;
    return child;
  }

  remove(): void {
    const siblings = this.parentNode?.children;
    siblings?.splice(siblings.indexOf(this), 1);
    this.parentNode = null;
  }

  get textContent(): string {
    return this.#text + this.children.map((child) => child.textContent).join("");
  }

  set textContent(text: unknown) {
    for (const child of [...this.children]) child.remove();
    this.#text = `${text ?? ""}`;
  }

  /** @param name of elements, nothing else */
  querySelectorAll(name: string): SvgElement[] {
    if (!/^[a-z]+$/i.test(name)) throw new Error(`"${name}" is no name of an element.`);
    return this.children.flatMap((child) => [
      ...(child.tagName === name ? [child] : []),
      ...child.querySelectorAll(name),
    ]);
  }

  /** The first of them in the order of the drawing. @throws {Error} where there is none */
  querySelector(name: string): SvgElement {
    const [found] = this.querySelectorAll(name);
    if (!found) throw new Error(`There is no <${name}> in this drawing.`);
    return found;
  }

  get outerHTML(): string {
    const parts: string[] = [];
    this.#write(parts);
    return parts.join("");
  }

  #write(parts: string[]): void {
    parts.push("<", this.tagName);
    // Plot says last what tells elements apart.
    for (const [name, value] of [...this.#attributes].reverse()) {
      parts.push(" ", name, '="', quoted(value), '"');
    }
    if (!this.#text && !this.children.length) return void parts.push(" />");
    parts.push(">", escaped(this.#text));
    for (const child of this.children) child.#write(parts);
    parts.push("</", this.tagName, ">");
  }
}

class SvgDocument {
  readonly documentElement: SvgElement = new SvgElement(this, "svg");

  createElementNS(namespace: string, name: string): SvgElement {
    if (namespace !== SVG) throw new Error(`<${name}> of ${namespace} is no part of a drawing.`);
    return new SvgElement(this, name);
  }
}

/** A document of its own for one plot. */
// deno-lint-ignore no-explicit-any -- Plot types it as that of a Window
export function svgDocument(): any {
  return new SvgDocument();
}
