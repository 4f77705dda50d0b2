const assert = require("node:assert/strict");
const test = require("node:test");

test("what only developers need is here", () => assert.ok(require("prettier").version));
