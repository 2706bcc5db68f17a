export { groupSinkLetters, type LetterGroup } from "./group-letters.ts";
export {
  countSinkLetters,
  findSinkLetter,
  type LetterCount,
  listSinkLetters,
  sinkLetterPrefix,
  type WholeSinkLetter,
} from "./letters.ts";
export { countOpenSinkLetters, type LetterOutcome, redriveSinkLetters, type SinkRedrive } from "./redrive-letters.ts";
export { createSinkFinder, createUpsertFinder, type FindSink, type LetterWorld } from "./sink-of-letters.ts";
