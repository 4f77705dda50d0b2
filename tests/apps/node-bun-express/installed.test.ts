import { expect, test } from "bun:test";
import express from "express";

test("dependencies are here", () => expect(express()).toBeDefined());
