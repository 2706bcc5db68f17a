import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { type BodyKind, idTailsOf, makeBodies, writeIdTail } from "./ingest-bodies.ts";

/**
 * A lean HTTP/1.1 load generator in a process of its own, the same for both sides: each connection sends its next request when
 * the answer to the last one is whole. It parses just as much of an answer as it must. Prints one JSON line.
 */
const { values } = parseArgs({
  options: {
    url: { type: "string" },
    format: { type: "string" },
    events: { type: "string" },
    connections: { type: "string" },
    seconds: { type: "string" },
    warmup: { type: "string", default: "4" },
    key: { type: "string", default: "" },
    seed: { type: "string", default: "1" },
  },
});
const url = new URL(values.url ?? "");
const kind = { format: values.format, eventsPerRequest: Number(values.events) } as BodyKind;
const connections = Number(values.connections);

const head = (length: number) =>
  `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\n` +
  `${values.key === "" ? "" : `Authorization: Bearer ${values.key}\r\n`}Content-Length: ${length}\r\n\r\n`;
const requests = makeBodies(kind, kind.eventsPerRequest === 1 ? 4_000 : 200, Number(values.seed)).map((body) => {
  const bytes = Buffer.concat([Buffer.from(head(body.length)), body]);
  return { bytes, idTails: idTailsOf(bytes) };
});

const latencies: number[] = [];
const statuses: Record<string, number> = {};
let sampling = false;
let running = true;
let next = 0;
/** Each event sent has an id of its own, as a server that recognises duplicates would not store it otherwise; of other runs too. */
let serial = (Date.now() % 2 ** 32) * 2 ** 16;

function nextRequest(): Buffer {
  const { bytes, idTails } = requests[next++ % requests.length] as (typeof requests)[number];
  // A copy, since the last one may not have left yet.
  const request = Buffer.from(bytes);
  for (const at of idTails) writeIdTail(request, at, serial++);
  return request;
}

function drive(socket: Socket): void {
  let sentAt = 0;
  let pending: Buffer = Buffer.alloc(0);
  let wanted = -1;
  let status = "";
  const send = () => {
    sentAt = performance.now();
    socket.write(nextRequest());
  };
  socket.on("data", (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    if (wanted < 0) {
      const end = pending.indexOf("\r\n\r\n");
      if (end < 0) return;
      const text = pending.toString("latin1", 0, end).toLowerCase();
      status = text.slice(9, 12);
      const length = /content-length: (\d+)/.exec(text)?.[1];
      if (length === undefined) throw new Error(`an answer without Content-Length: ${text}`);
      wanted = end + 4 + Number(length);
    }
    if (pending.length < wanted) return;
    pending = Buffer.alloc(0);
    wanted = -1;
    if (sampling) {
      latencies.push(performance.now() - sentAt);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    if (running) send();
    else socket.destroy();
  });
  socket.on("connect", send);
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const sockets = Array.from({ length: connections }, () =>
  connect({ host: url.hostname, port: Number(url.port), noDelay: true }),
);
for (const socket of sockets) {
  socket.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  drive(socket);
}
await wait(Number(values.warmup) * 1_000);
sampling = true;
const begin = performance.now();
const cpuBegin = process.cpuUsage();
await wait(Number(values.seconds) * 1_000);
sampling = false;
const elapsed = (performance.now() - begin) / 1_000;
const cpu = process.cpuUsage(cpuBegin);
running = false;

latencies.sort((a, b) => a - b);
const at = (q: number) => Math.round((latencies[Math.floor(latencies.length * q)] ?? Number.NaN) * 10) / 10;
const result = {
  requestsPerSecond: Math.round(latencies.length / elapsed),
  eventsPerSecond: Math.round((latencies.length * kind.eventsPerRequest) / elapsed),
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  statuses,
  cpuShare: Math.round(((cpu.user + cpu.system) / 1e6 / elapsed) * 100) / 100,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await wait(300);
for (const socket of sockets) socket.destroy();
