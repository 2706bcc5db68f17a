export { replayTopic, type TopicReplay } from "./replay-topic.ts";
export { type ReplaySink, replaySinkOf } from "./sink-of-replay.ts";
