export { type RangeCut, refuseCutRange } from "./range-cut.ts";
export { replayTopic, type TopicReplay } from "./replay-topic.ts";
export { openReplaySink, type ReplaySink } from "./sink-of-replay.ts";
