import { type Catalogue, quarantineTopic } from "../../schemas/index.ts";
import type { EventStatus } from "./shapes.ts";

const deadLetterTopic = "dead-letters";

/** What the live page reads: the topics that ingest writes, and those of what was not accepted or could not be used. */
export function liveTopics({ types }: Catalogue): readonly string[] {
  const written = [...types.values()].filter(({ kind }) => kind !== "derived").map(({ topic }) => topic);
  return [...new Set([...written, quarantineTopic, deadLetterTopic])];
}

/** What the topic of a record says about its event. */
export function statusOf(topic: string): EventStatus {
  return topic === quarantineTopic ? "quarantined" : topic === deadLetterTopic ? "dead-letter" : "accepted";
}
