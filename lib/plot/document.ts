/** @file A document for Observable Plot to draw in where there is no browser. */
import { parseHTML } from "linkedom";

/** The few parts of the DOM that drawings need; linkedom has them, and Deno has no DOM types. */
export interface Drawn {
  /** The element as text. */
  outerHTML: string;
  /** Its text without markup. */
  textContent: string;
  /** The first element below it that a CSS selector names. */
  querySelector(selector: string): Drawn;
  /** All of them, in order. */
  querySelectorAll(selector: string): Drawn[];
  /** Adds an attribute, or replaces it. */
  setAttribute(name: string, value: string): void;
  /** Takes it out of its document. */
  remove(): void;
}

/** A document of its own for one plot. */
// deno-lint-ignore no-explicit-any -- Plot types it as that of a Window, which Deno defines without a document
export function emptyDocument(): any {
  // deno-lint-ignore no-explicit-any -- the same
  return (parseHTML("<html><body></body></html>") as any).document;
}
