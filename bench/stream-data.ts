import { createProducer, type KafkaConnection, type OutgoingRecord } from "../kafka/index.ts";
import { createMetrics, silentLogger } from "../runtime/index.ts";
import { envelopeHeaders, type Schemas } from "../schemas/index.ts";

export const drivers = 5_000;
const batchRecords = 2_000;

/** Fills the source and the reference topics with what a city of 5,000 drivers sends. The same records each time. */
export async function writeStreamData(connection: KafkaConnection, schemas: Schemas, records: number): Promise<void> {
  const producer = createProducer({ name: "bench", connection, metrics: createMetrics(), log: silentLogger });
  await producer.start((cause) => {
    throw cause;
  });
  const random = seeded(1);
  const write = async (topic: string, count: number, make: (i: number) => OutgoingRecord) => {
    for (let from = 0; from < count; from += batchRecords) {
      const size = Math.min(batchRecords, count - from);
      await producer.send(
        topic,
        Array.from({ length: size }, (_, i) => make(from + i)),
      );
    }
  };
  const record = (type: string, i: number, data: Record<string, unknown>): OutgoingRecord => ({
    key: schemas.keyOf(type, data),
    value: schemas.encode(type, data),
    headers: envelopeHeaders({
      id: `0198a000-0000-7000-8000-${i.toString(16).padStart(12, "0")}`,
      type,
      source: "/apps/driver/android/6.1.2",
      time: "2026-11-22T21:11:41.123Z",
      receivedAt: 1_795_381_901_123,
    }),
  });
  try {
    await write("cities", boroughs.length, (i) => record("city", i, cityOf(i)));
    await write("vehicle-profiles", drivers, (i) =>
      record("vehicle.profile", i, { vehicle_id: `veh_${i}`, vehicle_class: "comfort", capacity: 4 }),
    );
    await write("driver-profiles", drivers, (i) =>
      record("driver.profile", i, {
        driver_id: `drv_${i}`,
        name: `Driver ${i}`,
        rating: 4 + (i % 10) / 10,
        vehicle_id: `veh_${i}`,
        home_city_id: "cty_0",
      }),
    );
    await write("driver-locations", records, (i) =>
      record("driver.location", i, {
        driver_id: `drv_${Math.floor(random() * drivers)}`,
        latitude: 40.55 + 0.35 * random(),
        longitude: -74.1 + 0.35 * random(),
        heading_degrees: Math.floor(random() * 360),
        speed: 15 * random(),
        accuracy: 5,
      }),
    );
  } finally {
    await producer.stop();
  }
}

/** Centres and sizes of five areas, so that most positions are in a city and some in none. */
const boroughs = [
  [40.63, -73.97, 0.08],
  [40.78, -73.96, 0.06],
  [40.84, -73.87, 0.06],
  [40.7, -73.82, 0.09],
  [40.58, -74.15, 0.07],
] as const;

function cityOf(i: number): Record<string, unknown> {
  const [latitude, longitude, radius] = boroughs[i] ?? boroughs[0];
  const corners = 60;
  const boundary = Array.from({ length: corners }, (_, corner) => {
    const angle = (2 * Math.PI * corner) / corners;
    const reach = radius * (1 + 0.2 * Math.sin(5 * angle));
    return { latitude: latitude + reach * Math.sin(angle), longitude: longitude + reach * Math.cos(angle) };
  });
  const rest = { name: `City ${i}`, country: "US", currency: "USD", timezone: "America/New_York" };
  return { city_id: `cty_${i}`, ...rest, boundary };
}

/** mulberry32: small, fast, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
