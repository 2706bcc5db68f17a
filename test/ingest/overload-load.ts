import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { idTailsOf, writeIdTail } from "../../bench/ingest-bodies.ts";
import { locationEvent } from "./knowledge.ts";

/**
 * A sender in a process of its own: batches at a rate, whether they are answered or not (an open loop), or as fast as they are answered. A
 * batch for which no connection is free is not sent, and counted: that is the client's side of an overload. Prints one JSON line.
 */

export type LoadReport = {
  readonly seconds: number;
  /** Events that were to be sent, those that were, and what became of them by the header of the answers. */
  readonly offered: number;
  readonly sent: number;
  readonly accepted: number;
  readonly retry: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly broken: number;
};

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    key: { type: "string" },
    /** Events a second; 0: as fast as answers come. */
    rate: { type: "string" },
    connections: { type: "string" },
    seconds: { type: "string" },
    /** Whose events these are; without it they are those of many drivers. */
    subject: { type: "string" },
  },
});
const url = new URL(values.url ?? "");
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const batch = 100;

/** Ids of different processes and times differ. */
const prefix = `0198f0c2-${(process.pid & 0xffff).toString(16).padStart(4, "0")}-7000-8000-`;
let serial = (Date.now() % 2 ** 32) * 2 ** 16;

/** Four of five events are bulk, the others normal: critical ones come from somewhere else. */
function bodyOf(number: number): string {
  const events = Array.from({ length: batch }, (_, i) => {
    const driver = values.subject ?? `drv_${number * batch + i}`;
    const id = `${prefix}${"0".repeat(12)}`;
    const time = new Date().toISOString();
    const place = { driver_id: driver, latitude: 40.7128, longitude: -74.006 };
    if (i % 5 > 0)
      return locationEvent({ id, time, subject: driver, data: { ...place, speed: 8.25, heading_degrees: 90 } });
    return locationEvent({
      id,
      time,
      subject: driver,
      type: "driver.status",
      data: { driver_id: driver, status: "open" },
    });
  });
  return JSON.stringify(events);
}

const requests = Array.from({ length: 200 }, (_, number) => {
  const body = bodyOf(number);
  const head =
    `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${values.key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  return { bytes, idTails: idTailsOf(bytes) };
});

const counts = { offered: 0, sent: 0, accepted: 0, retry: 0, broken: 0 };
const statuses: Record<string, number> = {};
const latencies: number[] = [];
const free: Socket[] = [];
let next = 0;
let running = true;

function nextRequest(): Buffer {
  const { bytes, idTails } = requests[next++ % requests.length] as (typeof requests)[number];
  // A copy, since the last one may not have left yet.
  const request = Buffer.from(bytes);
  for (const at of idTails) writeIdTail(request, at, serial++);
  return request;
}

/** Opened again for as long as the run lasts. */
function open(): void {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  let answer = "";
  let sentAt = 0;
  socket.on("connect", () => release(socket));
  socket.on("send", () => {
    sentAt = performance.now();
    socket.write(nextRequest());
  });
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
    const head = answer.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1] ?? 0);
    if (answer.length < head + 4 + length) return;
    latencies.push(performance.now() - sentAt);
    const status = answer.slice(9, 12);
    statuses[status] = (statuses[status] ?? 0) + 1;
    const results = /\r\nhailstream-results: ([^\r]*)/i.exec(answer)?.[1] ?? "";
    counts.accepted += Number(/accepted=(\d+)/.exec(results)?.[1] ?? 0);
    counts.retry += results === "" ? batch : Number(/retry=(\d+)/.exec(results)?.[1] ?? 0);
    answer = "";
    sentAt = 0;
    release(socket);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    const at = free.indexOf(socket);
    if (at >= 0) free.splice(at, 1);
    if (sentAt > 0) counts.broken++;
    if (running) setTimeout(open, 100);
  });
}

function release(socket: Socket): void {
  if (!running) socket.destroy();
  else if (rate > 0) free.push(socket);
  else {
    counts.offered += batch;
    counts.sent += batch;
    socket.emit("send");
  }
}

for (let i = 0; i < Number(values.connections); i++) open();
const begin = performance.now();
const elapsed = () => (performance.now() - begin) / 1_000;
if (rate > 0) {
  const pacing = setInterval(() => {
    for (const due = Math.min(elapsed(), seconds) * rate; counts.offered < due; ) {
      counts.offered += batch;
      const socket = free.pop();
      if (socket === undefined) continue;
      counts.sent += batch;
      socket.emit("send");
    }
    if (elapsed() >= seconds) clearInterval(pacing);
  }, 5);
}
await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
running = false;
latencies.sort((a, b) => a - b);
const at = (share: number) => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 10) / 10;
const report: LoadReport = { seconds, ...counts, statuses, p50Ms: at(0.5), p99Ms: at(0.99) };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
