import fastify from "fastify";

const app = fastify({ forceCloseConnections: true });
app.get("/healthz", async () => ({ status: "ok" }));
app.get("/hello/:name", async (request) => ({ message: `hello ${request.params.name}` }));
await app.listen({ host: "0.0.0.0", port: 3000 });
process.on("SIGTERM", () => app.close());
