import { createServer, request } from "node:http";

export const gateUser = { name: "reader", password: "word:of the gate" } as const;

export type Gate = { readonly url: string; refused(): number; stop(): Promise<void> };

/** A reverse proxy in front of a server, as companies put one before their registry: without name and password nobody passes. */
export async function openGate(port: number, target: string): Promise<Gate> {
  const { host, pathname } = new URL(target);
  const expected = `Basic ${Buffer.from(`${gateUser.name}:${gateUser.password}`).toString("base64")}`;
  let refused = 0;
  const server = createServer((incoming, answer) => {
    if (incoming.headers.authorization !== expected) {
      refused += 1;
      answer.writeHead(401, { "www-authenticate": 'Basic realm="registry"' }).end("who are you?");
      return;
    }
    const { authorization: _word, ...headers } = incoming.headers;
    const onward = request(`http://${host}${incoming.url}`, { method: incoming.method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.writeHead(502).end());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    refused: () => refused,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
