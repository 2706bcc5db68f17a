import { createCodec, createScratch, plainTypeOf } from "../schemas/codec.ts";
import { createDecoder } from "../schemas/decoders.ts";
import { createEnrichmentEncoder, exampleOf, loadCatalogue } from "../schemas/index.ts";

/** Costs of the codec in ns an event, median of seven rounds: `node bench/codec.ts [TYPE…]`. avsc alone stands beside it. */
const catalogue = loadCatalogue();
const names = process.argv.length > 2 ? process.argv.slice(2) : ["driver.location", "trip.completed", "rider.session"];

for (const name of names) {
  const type = catalogue.types.get(name);
  if (type === undefined) throw new Error(`there is no type ${name}`);
  const codec = createCodec(type.schema, createScratch());
  const decoder = createDecoder(7, type.schema, catalogue);
  if (!("decode" in decoder)) throw new Error(decoder.reason);
  const value = exampleOf(type);
  const json = JSON.stringify(value);
  const framed = codec.encode(7, value);
  const avsc = plainTypeOf(type.schema);
  const body = avsc.toBuffer(value);
  const project = decoder.project(["latitude", "longitude"]);
  const figures: Record<string, number> = {
    check: measure(() => codec.check(value)),
    "avsc isValid": measure(() => avsc.isValid(value, { noUndeclaredFields: true })),
    encode: measure(() => codec.encode(7, value)),
    "avsc toBuffer": measure(() => avsc.toBuffer(value)),
    decode: measure(() => decoder.decode(framed)),
    "avsc fromBuffer": measure(() => avsc.fromBuffer(body)),
    "project 2 fields": measure(() => project?.(framed)),
    "JSON.parse": measure(() => JSON.parse(json)),
  };
  if (type.enriched !== undefined) {
    const encoder = createEnrichmentEncoder(catalogue.enrichment, 8);
    const enrichment = {
      city_id: "cty_nyc",
      h3_cell: "882a100d65fffff",
      driver_rating: 4.9,
      driver_home_city_id: "cty_nyc",
      enriched_vehicle_id: "veh_77a0",
      vehicle_class: "standard",
      vehicle_capacity: 4,
      enrichment_missing: [],
      enrichment_revision: 0,
    };
    figures["append enrichment"] = measure(() => encoder.append(framed, enrichment));
  }
  const words = Object.entries(figures).map(([what, ns]) => `${what} ${ns.toFixed(0)}`);
  process.stdout.write(`${name} (${framed.length} bytes), ns: ${words.join(", ")}\n`);
}

/** Processor time, not time on the wall: other programs on the machine then disturb less. */
function measure(work: () => unknown, rounds = 7, count = 200_000): number {
  const times: number[] = [];
  for (let round = 0; round < rounds + 1; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) work();
    const { user, system } = process.cpuUsage(start);
    if (round > 0) times.push(((user + system) * 1_000) / count);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] as number;
}
