/** What a request of the ingest bench looks like: ours or the peer's, one event or many. */
export type BodyKind = { readonly format: "cloudevents" | "otlp"; readonly eventsPerRequest: number };

/** A seeded generator (mulberry32), so that both sides get the same drivers at the same places. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `count` bodies with driver-location events of some 250 bytes each; the ids differ within the pool, and can be changed. */
export function makeBodies(kind: BodyKind, count: number, seed: number): Buffer[] {
  const random = randomOf(seed);
  let serial = 0;
  const event = () => {
    const id = `0198f0c2-${(seed & 0xffff).toString(16).padStart(4, "0")}-7000-8000-${(serial++).toString(16).padStart(12, "0")}`;
    const driver = `drv_${Math.floor(random() * 20_000)}`;
    return {
      specversion: "1.0",
      id,
      type: "driver.location",
      source: "/apps/driver/ios/6.1.2",
      time: new Date(Date.now() - Math.floor(random() * 60_000)).toISOString(),
      subject: driver,
      data: {
        driver_id: driver,
        latitude: round(40.6 + random() * 0.3),
        longitude: round(-74.05 + random() * 0.3),
        heading_degrees: Math.floor(random() * 360),
        speed: round(random() * 20),
      },
    };
  };
  const bodyOf = () => {
    const events = Array.from({ length: kind.eventsPerRequest }, event);
    if (kind.format === "cloudevents") return kind.eventsPerRequest === 1 ? events[0] : events;
    const logRecords = events.map((e) => ({ body: { stringValue: JSON.stringify(e) } }));
    return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
  };
  return Array.from({ length: count }, () => Buffer.from(JSON.stringify(bodyOf())));
}

const idTail = "-7000-8000-";
const idTailDigits = 12;
const hexDigits = Buffer.from("0123456789abcdef");

/** Where in a request the last twelve digits of each id stand. */
export function idTailsOf(request: Buffer): number[] {
  const places: number[] = [];
  for (let at = request.indexOf(idTail); at >= 0; at = request.indexOf(idTail, at + 1)) places.push(at + idTail.length);
  return places;
}

/** Makes the id another one. @param serial below 2^48 */
export function writeIdTail(request: Buffer, at: number, serial: number): void {
  let high = Math.floor(serial / 2 ** 24);
  let low = serial % 2 ** 24;
  for (let digit = idTailDigits / 2 - 1; digit >= 0; digit--) {
    request[at + digit] = hexDigits[high & 15] as number;
    request[at + idTailDigits / 2 + digit] = hexDigits[low & 15] as number;
    high >>>= 4;
    low >>>= 4;
  }
}

const round = (x: number) => Math.round(x * 1e5) / 1e5;
