import { greeting } from "@shop/words";
import { expect, test } from "bun:test";

test("words are of the workspace", () => expect(greeting("you")).toBe("hello you"));
