import { writeFileSync } from "node:fs";

writeFileSync("/var/lib/notes/migrated", `migrated, with a greeting of ${process.env.GREETING.length} letters`);
