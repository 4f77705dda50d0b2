import { greeting } from "@shop/words";
import assert from "node:assert/strict";
import test from "node:test";

test("words are of the workspace", () => assert.equal(greeting("you"), "hello you"));
