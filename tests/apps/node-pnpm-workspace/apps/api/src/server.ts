import { Queue } from "bullmq";
import fastify from "fastify";

const queue = new Queue("greetings", { connection: { url: process.env.REDIS_URL } });
const app = fastify({ forceCloseConnections: true });
app.get("/healthz", async () => ({ status: "ok" }));
app.post<{ Params: { name: string } }>("/greet/:name", async (request) => {
  await queue.add("greet", { name: request.params.name });
  return { status: "queued" };
});
await app.listen({ host: "0.0.0.0", port: 3000 });
process.on("SIGTERM", async () => {
  await app.close();
  await queue.close();
});
