import Koa from "koa";

const app = new Koa();
app.use((context) => {
  const [, first, name] = context.path.split("/");
  if (first === "healthz") context.body = { status: "ok" };
  if (first === "hello") context.body = { message: `hello ${name}` };
});
const server = app.listen(3000);
process.on("SIGTERM", () => server.close());
