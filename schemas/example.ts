import type { EventType } from "./event-type.ts";
import { parseShape, type Shape } from "./shape.ts";

/** Texts and numbers that look real, by the name of the field; any other field gets a plain value of its type. */
const known: Readonly<Record<string, unknown>> = {
  driver_id: "drv_8f2c1a",
  rider_id: "rdr_51b7d0",
  trip_id: "trp_0199c3e1",
  vehicle_id: "veh_77a0",
  city_id: "cty_nyc",
  home_city_id: "cty_nyc",
  session_id: "ses_4d1e",
  user_id: "rdr_51b7d0",
  person_id: "rdr_51b7d0",
  payment_id: "pay_93be",
  sos_id: "sos_20c4",
  alert_id: "alr_6e0b",
  alert_key: "safety_sos:rdr_51b7d0",
  latitude: 40.7484,
  longitude: -73.9857,
  dropoff_latitude: 40.6413,
  dropoff_longitude: -73.7781,
  heading_degrees: 270.5,
  speed: 8.3,
  accuracy: 5,
  app_version: "6.1.2",
  platform: "ios",
  os_version: "26.1",
  device_model: "iPhone18,2",
  product: "standard",
  vehicle_class: "standard",
  fare_amount: 2450,
  fare_estimate_amount: 2300,
  fare_currency: "USD",
  currency: "USD",
  amount: 2450,
  surge_multiplier: 1.2,
  passenger_count: 2,
  eta_seconds: 240,
  duration_seconds: 1380,
  distance: 9120.5,
  rating: 5,
  reason: "changed_plans",
  comment: "Smooth ride.",
  method: "card",
  failure_code: "card_declined",
  attempt: 1,
  note: "Please call.",
  client_id: "cli_0198f0c2-6c1e-7d3a-9a51-0f6a5b0c9d11",
  dropped: [{ event_type: "driver.location", reason: "evicted", count: 12 }],
  error_type: "TimeoutError",
  message: "No answer within 10 s",
  stack: ["at fetchQuote (quote.ts:41)", "at onPress (home.ts:112)"],
  group_key: "9d2f61c07ab3e845/6.1.2",
  fingerprint: "9d2f61c07ab3e845",
  top_frames: ["fetchQuote (quote.ts)", "onPress (home.ts)"],
  read_from: "app-errors/3",
  baseline: "other_versions",
  baseline_rate: 0.004,
  error_rate: 0.031,
  name: "New York",
  country: "US",
  timezone: "America/New_York",
  boundary: [
    { latitude: 40.49, longitude: -74.26 },
    { latitude: 40.49, longitude: -73.7 },
    { latitude: 40.92, longitude: -73.7 },
    { latitude: 40.92, longitude: -74.26 },
  ],
  make: "Toyota",
  model: "Camry",
  capacity: 4,
  plate: "T123456C",
  rule: "safety_sos",
  summary: "A rider pressed the emergency button.",
  event_id: "0199c3e1-7b1a-7c3e-9d53-5a8c0f2b6d11",
  event_type: "safety.sos",
  started_at: "2026-11-22T21:11:41.123Z",
  labels: { city: "cty_nyc" },
};
const knownByType: Readonly<Record<string, unknown>> = { "driver.profile/name": "Ada" };

/** A valid `data` object of the type with every field present, always the same. */
export function exampleOf(type: EventType): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const field of parseShape(type.schema).fields) {
    value[field.name] = structuredClone(
      knownByType[`${type.name}/${field.name}`] ?? known[field.name] ?? plain(field.shape, field.minimum),
    );
  }
  return value;
}

function plain(shape: Shape, minimum = 0): unknown {
  switch (shape.kind) {
    case "null":
      return null;
    case "boolean":
      return false;
    case "string":
      return "text";
    case "int":
    case "long":
    case "float":
    case "double":
      return minimum;
    case "bytes":
      return Buffer.alloc(0);
    case "fixed":
      return Buffer.alloc(shape.size);
    case "enum":
      return shape.symbols[0];
    case "array":
      return [];
    case "map":
      return {};
    case "union":
      return plain(shape.branches.find((branch) => branch.kind !== "null") ?? { kind: "null" }, minimum);
    case "record":
      return Object.fromEntries(shape.fields.map((field) => [field.name, plain(field.shape, field.minimum)]));
  }
}
