import { readFile, writeFile } from "node:fs/promises";

import fastify from "fastify";

const app = fastify({ forceCloseConnections: true });
const { CACHE_URL, GREETING } = process.env;
app.get("/healthz", async () => ({ status: "ok" }));
app.get("/secrets", async () => {
  const password = new URL(CACHE_URL).password === "" ? "nothing" : "a password";
  return `greeting of ${GREETING.length} letters, ${password} before the @`;
});
app.put("/notes/:name", async (request, reply) => {
  await writeFile(`/var/lib/notes/${request.params.name}`, request.body);
  return reply.code(204).send();
});
app.get("/notes/:name", async (request) => readFile(`/var/lib/notes/${request.params.name}`, "utf8"));
await app.listen({ host: "0.0.0.0", port: 3000 });
process.on("SIGTERM", () => app.close());
