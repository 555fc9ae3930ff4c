/** @file The published files themselves, at `downloads/`. */
import type { Results } from "./results.ts";

export default function* ({ results }: { results: Results }) {
  for (const { name, bytes } of results.files) {
    yield { url: `/downloads/${name}`, content: bytes };
  }
}
