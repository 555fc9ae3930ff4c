/** @file Targets with which something goes wrong. */
import fc from "fast-check";
import { showText, type Target, target } from "./target.ts";

/** One that fails, and one that never comes back. */
export const targets: readonly Target[] = [
  target({
    name: "fails",
    input: fc.array(fc.constantFrom("x", "y", "z"), { maxLength: 9 }).map((all) => all.join("")),
    show: showText,
    check(text) {
      if (text.includes("x")) throw new Error(`an x at ${text.indexOf("x")}`);
    },
    runs: 1,
  }),
  target({
    name: "hangs",
    input: fc.constant("y"),
    show: showText,
    check() {
      for (;;);
    },
    runs: 1,
  }),
];
