/** @file What the comments of a source file say: layers and tasks have pages by their own words. */

/** Documentation comments, in their order; the first group is what they say. */
export const commentsOf = (source: string): RegExpExecArray[] => [
  ...source.matchAll(/\/\*\*([\s\S]*?)\*\//g),
];

/** What a file says of itself, in paragraphs, before its examples; "" where it says nothing. */
export function headerOf(source: string): string {
  const header = commentsOf(source).find(([all]) => all.includes("@file"));
  return header ? textOf(header[1]).replace(/^@file\s+/, "").split(/\n*@example/)[0] : "";
}

/** A comment without its stars; paragraphs stay apart. */
export function textOf(comment: string): string {
  return comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd()).join("\n")
    .replace(/\{@linkcode (\S+?)\}/g, "$1").trim()
    .split(/\n\s*\n/).map((block) => block.replace(/\s+/g, " ").trim()).join("\n\n");
}
