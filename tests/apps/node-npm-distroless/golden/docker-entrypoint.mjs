// Runs before the program, in an image without a shell: what has to be there is there, what the program calls is waited
// for, secrets from /run/secrets get into the variables that it reads, and then it takes this process over.
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

function fail(message) {
  console.error(`docker-entrypoint.mjs: ${message}`);
  process.exit(1);
}

// Variables of Node.js are text: bytes that are none would come out as others.
function secret(name) {
  const bytes = readFileSync(`/run/secrets/${name}`);
  const text = bytes.toString().replace(/\n+$/, "");
  if (text === "") fail(`/run/secrets/${name} is empty`);
  if (!Buffer.from(bytes.toString()).equals(bytes)) fail(`/run/secrets/${name} is not UTF-8`);
  return text;
}

// all that is missing, in one go
const missing = [].filter((it) => !process.env[it]);
for (const name of ["CACHE_PASSWORD", "GREETING", ]) {
  const file = `/run/secrets/${name}`;
  if (!existsSync(file) || /^\n*$/.test(readFileSync(file, "latin1"))) missing.push(file);
}
if (missing.length > 0) fail(`missing or empty: ${missing.join(" ")}`);

// compose orders the first start only: after a restart of the host all begin at once
const limit = process.env.WAIT_TIMEOUT || "60";
if (!/^[0-9]{1,6}$/.test(limit)) fail(`WAIT_TIMEOUT=${limit} is no number of seconds`);
const deadline = performance.now() + Number(limit) * 1000;

function takes(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3000 });
    const end = (why) => {
      socket.destroy();
      resolve(why);
    };
    socket.on("connect", () => end(""));
    socket.on("timeout", () => end("no answer"));
    socket.on("error", (error) => end(error.code ?? error.message));
  });
}

for (const place of (process.env.WAIT_FOR ?? "").split(" ").filter(Boolean)) {
  const at = place.lastIndexOf(":");
  for (;;) {
    const why = await takes(place.slice(0, at), Number(place.slice(at + 1)) || 0);
    if (why === "") break;
    if (performance.now() >= deadline) fail(`${place} takes no connection, after ${limit} s (WAIT_TIMEOUT): ${why}`);
    await sleep(1000);
  }
}

// before the `@`: letters and digits as they are, for programs that take a URL apart and decode nothing; other bytes as
// %XX, so that no character can mean something in a URL. One without an `@`, or with a password in it, is somebody's own
if (/^[^@]*@/.test(process.env["CACHE_URL"] ?? "") && !/:\/\/[^@]*:[^@]*@/.test(process.env["CACHE_URL"])) {
  const [user, ...rest] = process.env["CACHE_URL"].split("@");
  const encoded = secret("CACHE_PASSWORD").replace(/[^0-9A-Za-z]+/g, (it) => Buffer.from(it).toString("hex").replace(/../g, "%$&"));
  process.env["CACHE_URL"] = `${user}:${encoded}@${rest.join("@")}`;
}

if (existsSync("/run/secrets/GREETING")) {
  process.env["GREETING"] = secret("GREETING");
}

// forge:keep start
// forge:end

// The program by its path: execve looks for nothing.
function found(program) {
  if (!program) fail("there is no command to run");
  const places = program.includes("/") ? [program] : (process.env.PATH ?? "").split(delimiter).map((it) => join(it, program));
  const can = (it) => {
    try {
      accessSync(it, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  // the interpreter of this very script, where its folder is in no PATH
  return places.find(can) ?? (program === "node" ? process.execPath : fail(`${program}: there is no such program`));
}

const words = process.argv.slice(2);
process.execve(found(words[0]), words, process.env);
