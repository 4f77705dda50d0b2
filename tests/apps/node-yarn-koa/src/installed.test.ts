import assert from "node:assert/strict";
import test from "node:test";
import Koa from "koa";

test("dependencies are here", () => assert.ok(new Koa()));
