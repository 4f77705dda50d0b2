import { greeting } from "@shop/words";
import express from "express";
import { readFileSync } from "node:fs";

const app = express();
app.get("/healthz", (_, response) => void response.json({ status: "ok" }));
app.get("/hello/:name", (request, response) => void response.json({ message: greeting(request.params.name) }));
app.get("/build", (_, response) => void response.json(JSON.parse(readFileSync("dist/build.json", "utf8"))));
const server = app.listen(3000);
process.on("SIGTERM", () => server.close());
