/** @file Shown for an address that does not exist. */
import { readFileSync } from "node:fs";

export const layout = "layouts/missing.vto";

export default function* () {
  // Served at any depth and below any path, so that nothing it needs may be beside it: it brings its style.
  const styles = readFileSync(new URL("assets/style.css", import.meta.url), "utf8");
  yield { url: "/404.html", root: "/", section: "missing", title: "Page not found", styles };
}
