import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { z } from "zod";

/** The topic where ingest says which events Kafka has acknowledged, and where it has them; the audit looks whether it still has. */
export const acknowledgementTopic = "acknowledgements";

/** Events that Kafka has acknowledged: in one partition, the first at `from`, the others behind it. */
export type Acknowledgement = {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly events: readonly { readonly id: string; readonly type: string }[];
};

const shape = z.object({
  topic: z.string(),
  partition: z.number().int(),
  from: z.number().int(),
  events: z.array(z.tuple([z.string(), z.string()])),
});
const compress = promisify(gzip);
const expand = promisify(gunzip);
/** Ids are mostly random, so that more effort would gain nothing. */
const level = 1;
/** Ten thousand events of long ids. */
const maxBytes = 16 * 1024 * 1024;

export async function writeAcknowledgement({ events, ...place }: Acknowledgement): Promise<Buffer> {
  return compress(JSON.stringify({ ...place, events: events.map(({ id, type }) => [id, type]) }), { level });
}

/** Undefined when the bytes are none. */
export async function readAcknowledgement(bytes: Buffer): Promise<Acknowledgement | undefined> {
  try {
    const text = (await expand(bytes, { maxOutputLength: maxBytes })).toString();
    const { events, ...place } = shape.parse(JSON.parse(text));
    return { ...place, events: events.map(([id, type]) => ({ id, type })) };
  } catch {
    return undefined;
  }
}
