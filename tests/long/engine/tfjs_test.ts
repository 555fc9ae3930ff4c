/** @file Training on `tfjs` beside `ort`, for as many steps as drift would need to show. */
import { assertTrainsAlike } from "../../engine/tfjs/transformer.ts";

Deno.test("200 training steps on tfjs end where they end on ort", async () => {
  await assertTrainsAlike(200, 1e-3);
});
