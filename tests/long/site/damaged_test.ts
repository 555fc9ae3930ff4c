/** @file The same results give the same bytes, and a site that was damaged in any way is built again as it was. */
import { assertBuiltAgain, assertSameBytes, damages } from "../../site/built_again.ts";
import { realistic } from "../../site/fixtures/realistic.ts";

Deno.test("a site that was edited, emptied or has lost its stamp is built again as it was", async () => {
  await assertBuiltAgain(damages);
});

Deno.test("the same results give the same bytes: a site of every kind of page", async () => {
  await assertSameBytes(realistic());
});
