// Writes src/schema.ts from openapi.json, or to the file that is named.
import { readFile, writeFile } from "node:fs/promises";
import { argv } from "node:process";
import openapiTS, { astToString } from "openapi-typescript";

// Members named by a pattern (`context.<name>`) would become an index that the others do not fit.
const document = JSON.parse(
  await readFile(new URL("openapi.json", import.meta.url), "utf8"),
  (name, value) => (name === "patternProperties" ? undefined : value),
);
const head = "// Made from openapi.json by `npm run generate`; not to be edited.\n\n";
const target = argv[2] ?? new URL("src/schema.ts", import.meta.url);
await writeFile(target, head + astToString(await openapiTS(document)));
