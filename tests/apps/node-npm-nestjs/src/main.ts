import "reflect-metadata";

import { Controller, Get, Module, Param } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

@Controller()
class Hello {
  @Get("healthz")
  health() {
    return { status: "ok" };
  }

  @Get("hello/:name")
  hello(@Param("name") name: string) {
    return { message: `hello ${name}` };
  }
}

@Module({ controllers: [Hello] })
class App {}

async function start() {
  const app = await NestFactory.create(App);
  app.enableShutdownHooks();
  await app.listen(3000);
}

void start();
