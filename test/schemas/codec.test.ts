import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCodec, createScratch, plainTypeOf } from "../../schemas/codec.ts";
import { createDecoder, type SchemaDecoder } from "../../schemas/decoders.ts";
import { type AvroRecord, createEnrichmentEncoder, exampleOf, loadCatalogue } from "../../schemas/index.ts";
import { anyValueOf } from "./arbitraries.ts";

const catalogue = loadCatalogue();
const types = [...catalogue.types.values()];
const scratch = createScratch();

function decoderOf(schema: AvroRecord, id = 7): SchemaDecoder {
  const decoder = createDecoder(id, schema, catalogue);
  if (!("decode" in decoder)) throw new Error(decoder.reason);
  return decoder;
}

describe.each(types)("$name", (type) => {
  const codec = createCodec(type.schema, scratch);
  const decoder = decoderOf(type.schema);
  const avsc = plainTypeOf(type.schema);

  test("any valid data comes back as it was, with defaults; avsc agrees", () => {
    fc.assert(
      fc.property(anyValueOf(codec.shape), (value) => {
        expect(codec.check(value)).toEqual([]);
        const framed = codec.encode(7, value);
        expect(framed.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 7]));
        const decoded = decoder.decode(framed);
        const expected = avsc.fromBuffer(framed.subarray(5));
        expect(decoded).toMatchObject({ ok: true, schemaId: 7, variant: "base" });
        expect(decoded.ok && decoded.value).toEqual({ ...expected });
        expect(decoded.ok && decoded.value).toMatchObject(value as object);
      }),
      { numRuns: 60 },
    );
  });

  test("changed bytes give a verdict or a valid value, never an exception", () => {
    const framed = codec.encode(7, codec.shape.fields.length > 0 ? exampleOf(type) : {});
    const mutation = fc.array(fc.tuple(fc.nat(framed.length - 6), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(mutation, fc.nat(framed.length - 5), (changes, cut) => {
        const bytes = Buffer.from(framed);
        for (const [at, byte] of changes) bytes[5 + at] = byte;
        for (const hostile of [bytes, bytes.subarray(0, 5 + cut), Buffer.concat([bytes, bytes])]) {
          const decoded = decoder.decode(hostile);
          if (decoded.ok) expect(JSON.stringify(decoded.value).length).toBeLessThan(20 * framed.length + 4_000);
          else expect(decoded.code).toBe("record_bytes_invalid");
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a projection reads what decoding reads", () => {
    const names = type.fields
      .map((field) => field.name)
      .filter((_, i) => i % 2 === 1)
      .reverse();
    const project = decoder.project(names);
    fc.assert(
      fc.property(anyValueOf(codec.shape), (value) => {
        const framed = codec.encode(7, value);
        const decoded = decoder.decode(framed);
        const all = decoded.ok ? decoded.value : {};
        expect(project?.(framed)).toEqual(Object.fromEntries(names.map((name) => [name, all[name]])));
        expect(project?.(framed.subarray(0, framed.length - 1))).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });
});

test("random bytes never throw", () => {
  const decoders = types.map((type) => decoderOf(type.enriched?.schema ?? type.schema));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const decoder of decoders) decoder.decode(Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), bytes]));
    }),
    { numRuns: 500 },
  );
});

test("a field that a type does not have cannot be projected", () => {
  expect(decoderOf(types[0]?.schema as AvroRecord).project(["nothing"])).toBeUndefined();
});

test("times are taken as text or milliseconds and read as milliseconds", () => {
  const type = catalogue.types.get("alert");
  if (type === undefined) throw new Error("no alert");
  const codec = createCodec(type.schema, scratch);
  for (const started_at of ["2026-11-22T22:11:41.1234+01:00", "2026-11-22T21:11:41.123Z", 1_795_381_901_123]) {
    const data = { ...exampleOf(type), started_at };
    expect(codec.check(data)).toEqual([]);
    const decoded = decoderOf(type.schema).decode(codec.encode(7, data));
    expect(decoded.ok && decoded.value.started_at).toBe(1_795_381_901_123);
  }
});

test("values longer than the scratch buffer are written whole", () => {
  const type = catalogue.types.get("app.error");
  if (type === undefined) throw new Error("no app.error");
  const codec = createCodec(type.schema, createScratch());
  const data = { ...exampleOf(type), message: "ä".repeat(100_000) };
  const decoded = decoderOf(type.schema).decode(codec.encode(7, data));
  expect(decoded.ok && decoded.value).toEqual(data);
});

test("an appended tail makes the enriched record", () => {
  const enrichment = {
    city_id: "cty_nyc",
    h3_cell: "882a100d65fffff",
    driver_rating: 4.9,
    driver_home_city_id: null,
    enriched_vehicle_id: "veh_1",
    vehicle_class: null,
    vehicle_capacity: 4,
    enrichment_missing: ["city"],
    enrichment_revision: 2,
  };
  for (const type of types) {
    if (type.enriched === undefined) continue;
    const base = createCodec(type.schema, scratch).encode(7, exampleOf(type));
    const encoder = createEnrichmentEncoder(catalogue.enrichment, 8);
    const framed = encoder.append(base, enrichment);
    const data = { ...exampleOf(type), ...enrichment };
    expect(framed).toEqual(createCodec(type.enriched.schema, scratch).encode(8, data));
    expect(framed).toEqual(Buffer.concat([Buffer.from([0, 0, 0, 0, 8]), base.subarray(5), encoder.tail(enrichment)]));
    expect(decoderOf(type.enriched.schema, 8).decode(framed)).toMatchObject({
      ok: true,
      variant: "enriched",
      value: data,
    });
  }
});
