import type { KafkaRecord } from "../../kafka/index.ts";
import { type Emitted, headersOf, type Origin, type Reader } from "../flow.ts";
import { deadLetter, forward, type Step } from "../step.ts";

/** What is said of a driver by positions and by statuses, in one topic: a processor with memory reads one. */
export const activityTopic = "driver-activity";

type Passing = { readonly record: KafkaRecord; readonly partition: number };

/** Reads nothing: the record goes on as it came. */
export const readAsIs: Reader<Passing> = function readAsIs(record: KafkaRecord, { partition }: Origin) {
  return record.value === null
    ? deadLetter("record_framing_invalid", "the record has no value")
    : forward({ record, partition });
};

/** The record as it came, in its partition: the topics that are gathered have the same key and the same number of partitions. */
export const gatherActivity: Step<Passing, Emitted> = function gatherActivity({ record, partition }) {
  const { key, value } = record;
  return forward({ topic: activityTopic, record: { key, value, headers: headersOf(record), partition } });
};
