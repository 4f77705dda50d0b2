import assert from "node:assert/strict";
import test from "node:test";
import prettier from "prettier";

test("what only developers need is here", () => assert.ok(prettier.version));
