/** @file The table of derivatives. */
import { Table } from "../table.ts";
import * as module from "./derivative_table.ts";
import type { DerivativeRule } from "./rule.ts";

/** Rules by operation; `null` for those whose derivative is zero everywhere, none for those that have no derivative. */
export const derivatives: Table<DerivativeRule | null> = new Table(
  "lib/engine/derivatives/derivative_table.ts",
  module,
);
