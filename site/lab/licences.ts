/** @file What of others the scripts of the lab hold, and under which terms. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A package that is part of a script. */
export interface Package {
  name: string;
  version: string;
  /** As its package.json says, such as "MIT". */
  licence: string;
  /** Of its licence file; empty where it has none. */
  text: string;
}

/** @param folders where packages lie @returns them by name @throws {Error} for a package that names no licence */
export async function packagesOf(folders: readonly string[]): Promise<Package[]> {
  const found = await Promise.all(folders.map(async (folder): Promise<Package> => {
    const { name, version, license } = JSON.parse(
      await readFile(join(folder, "package.json"), "utf8"),
    );
    if (typeof license !== "string") {
      throw new Error(
        `${name} ${version} is part of a script of the lab, and its package.json names no licence; ` +
          "find out which it is under before its code is given to others.",
      );
    }
    const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
    const text = file ? await readFile(join(folder, file), "utf8") : "";
    return { name, version, licence: license, text: text.trim() };
  }));
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** All of them as one text, which goes with the scripts. */
export function licencesOf(packages: readonly Package[]): string {
  const parts = packages.map(({ name, version, licence, text }) =>
    `${name} ${version}\n${licence}\n\n${
      text || "The package has no file of its licence's text."
    }\n`
  );
  return `Code of others in the scripts of the lab\n\n${parts.join(`\n${"-".repeat(72)}\n\n`)}`;
}
