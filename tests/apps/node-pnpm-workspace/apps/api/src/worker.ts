import { writeFile } from "node:fs/promises";

import { greeting } from "@shop/words";
import { Worker } from "bullmq";

const connection = { url: process.env.REDIS_URL, maxRetriesPerRequest: null };
const worker = new Worker("greetings", async (job) => console.log(greeting(job.data.name)), { connection });
const alive = setInterval(() => void writeFile("/tmp/alive", ""), 5_000);
await writeFile("/tmp/alive", "");
process.on("SIGTERM", async () => {
  clearInterval(alive);
  await worker.close();
});
