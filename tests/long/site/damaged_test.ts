/** @file A site that was damaged in any way is built again as it was. */
import { assertBuiltAgain, damages } from "../../site/built_again.ts";

Deno.test("a site that was edited, emptied or has lost its stamp is built again as it was", async () => {
  await assertBuiltAgain(damages);
});
