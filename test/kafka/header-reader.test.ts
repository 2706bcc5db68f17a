import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeHeaders } from "../../kafka/encode-record.ts";
import { HeaderReader } from "../../kafka/header-reader.ts";

const names = ["ce_id", "ce_time", "ce_type", "time_flag"];
type Entry = readonly [name: string, contents: readonly (string | null)[]];
const name = fc.oneof(fc.constantFrom(...names, "ce_i", "ce_idx", "xx_id"), fc.string({ maxLength: 40 }));
const content = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.constant(null));
const entry: fc.Arbitrary<Entry> = fc.tuple(name, fc.array(content, { minLength: 1, maxLength: 3 }));
const record = fc.array(entry, { maxLength: 12 });

test("headers of records one after the other are found where they lie: the first of a name, whatever the order", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), fc.boolean(), (records, raw) => {
      const reader = new HeaderReader(names);
      for (const entries of records) {
        const headers = Object.fromEntries(entries.filter(([key]) => key !== "__proto__")) as never;
        reader.open(raw ? { headers: {}, rawHeaders: encodeHeaders(headers) } : { headers });
        for (const [place, wanted] of names.entries()) {
          const contents = (headers as Record<string, (string | null)[] | undefined>)[wanted] ?? [];
          const first = contents.find((each) => each !== null);
          expect(reader.text(place)).toBe(first === undefined ? undefined : Buffer.from(first).toString());
        }
      }
    }),
    { numRuns: 500 },
  );
});
