// Stands in for an embedding model where no weights can be fetched: each word is hashed to a place of the vector, so
// texts with the same words are near each other. It knows nothing of meaning. `DIMENSIONS` numbers, BGE-M3's by default.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  args: process.argv.slice(2),
  strict: false,
  options: { port: { type: "string" }, "model-id": { type: "string" } },
});
const dimensions = Number(process.env.DIMENSIONS ?? 1024);
const key = process.env.API_KEY;

function embed(text) {
  const vector = new Array(dimensions).fill(0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const digest = createHash("sha256").update(word).digest();
    vector[digest.readUInt32BE(0) % dimensions] += digest[4] % 2 === 0 ? 1 : -1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((number) => number / length);
}

createServer(async (request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/health") return send(200, {});
  if (request.headers.authorization !== `Bearer ${key}`) return send(401, { error: "wrong key" });
  if (request.method !== "POST" || request.url !== "/v1/embeddings") return send(404, { error: "not here" });
  const parts = [];
  for await (const part of request) parts.push(part);
  const { input } = JSON.parse(Buffer.concat(parts).toString());
  const data = [input].flat().map((text, index) => ({ object: "embedding", index, embedding: embed(text) }));
  return send(200, { object: "list", data, model: values["model-id"], usage: { prompt_tokens: 1, total_tokens: 1 } });
}).listen(Number(values.port ?? 8080), "0.0.0.0");
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
