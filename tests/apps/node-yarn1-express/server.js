const express = require("express");

const app = express();
app.get("/healthz", (_, response) => response.json({ status: "ok" }));
app.get("/hello/:name", (request, response) => response.json({ message: `hello ${request.params.name}` }));
const server = app.listen(3000);
process.on("SIGTERM", () => server.close());
