export { createLetterFlows, type LetterFlows } from "./letter-flows.ts";
export {
  isWantedLetter,
  type LetterTopic,
  readStreamLetters,
  type StreamLetter,
  streamLetterPrefix,
} from "./read-letters.ts";
export {
  redrivenHeader,
  redriveStreamLetters,
  type StreamLetterOutcome,
  type StreamRedrive,
} from "./redrive-letters.ts";
