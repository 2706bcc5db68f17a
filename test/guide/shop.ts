import type { OutgoingRecord } from "../../kafka/index.ts";
import { deadLetter, forward, type Reader } from "../../stream/index.ts";

/** The guide's own small domain: something that happened to an order of a shop. Its records are JSON, so that one can read them. */
export type Sale = {
  readonly id: string;
  readonly shop: string;
  readonly amount: number;
  /** When it happened, ms since the shop opened; real events have ms since 1970. */
  readonly at: number;
};

/** A record as a producer writes it. The key decides about the partition, and the header about what is a repetition. */
export function record(sale: Sale): OutgoingRecord {
  return { key: sale.shop, value: Buffer.from(JSON.stringify(sale)), headers: { ce_id: sale.id } };
}

/** A reader turns bytes into what steps work on. Events of the product are Avro: there it is `readEvent(schemas)`. */
export const readSale: Reader<Sale> = function readSale({ value }) {
  try {
    return forward(JSON.parse(String(value)) as Sale);
  } catch {
    return deadLetter("record_bytes_invalid", "this is no JSON");
  }
};

/** The value of a record, as people read it. */
export const read = ({ value }: OutgoingRecord): unknown => JSON.parse(String(value));
