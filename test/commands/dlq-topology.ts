import type { KafkaRecord, OutgoingRecord } from "../../kafka/index.ts";
import { deadLetter, defineTopology, flow, forward, headersOf, type Origin } from "../../stream/index.ts";

/** A flow of which the test says by a variable what it refuses, as a corrected version refuses less. */
export default defineTopology(() => {
  const run = process.env.DLQ_TEST_RUN ?? "";
  const [source, out] = [`dlq-in-${run}`, `dlq-out-${run}`];
  function readText(record: KafkaRecord, { partition }: Origin) {
    const { key, value } = record;
    if (new RegExp(process.env.DLQ_TEST_REFUSED ?? "$.").test(String(value))) {
      return deadLetter("record_bytes_invalid", `cannot read ${value}`);
    }
    return forward<OutgoingRecord>({ key, value, headers: headersOf(record), partition });
  }
  return {
    flows: [
      flow(`copy-${run}`)
        .from(source, readText)
        .to([out], (record) => forward({ topic: out, record })),
    ],
  };
});
