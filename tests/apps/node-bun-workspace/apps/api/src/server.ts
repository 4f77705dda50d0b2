import { greeting } from "@shop/words";
import express from "express";

const app = express();
app.get("/healthz", (_, response) => void response.json({ status: "ok" }));
app.get("/hello/:name", (request, response) => void response.json({ message: greeting(request.params.name) }));
const server = app.listen(3000);
process.on("SIGTERM", () => server.close());
