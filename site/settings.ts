/**
 * @file What the embedded builder and Lume must agree on. Both read the same sources; restrict those
 * to what both honour: `_data.ts`, `*.page.ts` generators, Vento layouts with a `layout:` header,
 * and the folders copied below.
 */

/** Folders of `site/` that are copied as they are. */
export const COPIED = ["assets"];

/** Vento escapes nothing unless told. */
export const VENTO = { autoescape: true };
