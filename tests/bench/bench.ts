/** @file `deno task bench NAME`: runs one side-by-side benchmark of this folder; further arguments are its own. */
const names = [...Deno.readDirSync(new URL(".", import.meta.url))]
  .flatMap(({ name }) => name.endsWith(".bench.ts") ? [name.slice(0, -".bench.ts".length)] : [])
  .sort();
const name = Deno.args[0] ?? "";
if (!names.includes(name)) {
  console.error(`error: no benchmark "${name}"; there are ${names.join(", ")}.`);
  Deno.exit(1);
}
await import(`./${name}.bench.ts`);
