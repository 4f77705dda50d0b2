import Fastify from "fastify";
import { greeting } from "./greeting.js";

const app = Fastify();
app.get("/", async () => `${greeting("types")}, ${String(Reflect.get(globalThis, "loaded"))}`);
app.get("/healthz", async () => "ok");
await app.listen({ host: process.env.HOST ?? "127.0.0.1", port: Number(process.env.PORT ?? 3000) });
