// Stands for whoever is told: an ntfy server, an app. It keeps what it is told and answers as it is bid.
import { once } from "node:events";
import { createServer } from "node:http";

export async function sink() {
  const told = [];
  let status = 200;
  const server = createServer(async (request, response) => {
    told.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
    response.writeHead(status).end("taken");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const answers = (code) => (status = code);
  return { told, answers, url: `http://127.0.0.1:${server.address().port}/alerts`, close: () => server.close() };
}
