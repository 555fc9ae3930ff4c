/** @file Shown for an address that does not exist. */
export const layout = "layouts/missing.vto";

export default function* () {
  // Served at any depth, so that its links cannot be relative to it.
  yield { url: "/404.html", root: "/", section: "missing", title: "Page not found" };
}
