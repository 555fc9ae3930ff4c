/** @file The browser that the site and the library are tested in. */
import { type Browser, chromium } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";

/** Quiet: no request but those of the page under test. @param graphics flags; without a GPU by default. */
export function launch(graphics: readonly string[] = ["--disable-gpu"]): Promise<Browser> {
  const flags = [
    ...["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", ...graphics],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ];
  return chromium.launch({ executablePath: CHROMIUM, args: flags });
}
