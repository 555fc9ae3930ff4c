/** @file The version of the project, as deno.json says it. */
import config from "../deno.json" with { type: "json" };

export const VERSION: string = config.version;

/** What `--version` prints. */
export const versionLine = `deep-linear-ts ${VERSION}, Deno ${Deno.version.deno}`;
