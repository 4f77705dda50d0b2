// What the build finds in its environment: a constant of the spec, and how long a secret is.
import { writeFileSync } from "node:fs";

const { GREETING, BUILD_TOKEN } = process.env;
writeFileSync("dist/build.json", JSON.stringify({ greeting: GREETING, token: `a token of ${BUILD_TOKEN?.length} letters` }));
