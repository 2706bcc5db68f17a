import type { Manual } from "./manual.ts";

const letter =
  '"id","place","consumer","topic","partition","offset","eventId":id|null,"type":name|null,"code","message","at","state","attempts","triedAt":time|null';

/** What the help of `hailstream dlq …` says. */
export const dlqManual: Manual = {
  examples: [
    "hailstream dlq list --since 24h",
    "hailstream dlq show sinks:42",
    "hailstream dlq redrive --code sink_schema_unknown --dry-run",
    "hailstream dlq redrive --place hailstream-sinks --since 7d",
  ],
  notes:
    'What becomes a dead letter and what a redrive means: docs/dead-letters.md. What is refused is told with --json as {"refused":code,"message"}.',
  parts: {
    list: {
      examples: ["hailstream dlq list", "hailstream dlq list --since 24h --json"],
      json: `{"total","counts":[{"place","consumer","topic","code","state","count"}],"letters":[{${letter}}],"next":id|absent}`,
    },
    show: {
      examples: ["hailstream dlq show sinks:42", "hailstream dlq show sinks:42 --raw > value.avro"],
      json: `{${letter},"what_to_do","headers":{name:value},"key_base64":bytes|null,"value_base64":bytes|null}`,
      exits: { 2: "there is no such letter" },
    },
    redrive: {
      examples: [
        "hailstream dlq redrive sinks:42",
        "hailstream dlq redrive --code sink_schema_unknown --dry-run",
        "hailstream dlq redrive --place hailstream-sinks --since 7d",
      ],
      json: '{"dryRun","ok","redrive":id|null,"matched","redriven","failed","skipped":{code:n},"interrupted","letters":[{"id","outcome","code":code|absent,"message":words|absent}],"unlisted"}',
      exits: { 1: "some letters failed again, were left alone or are left", 2: "it cannot be done" },
    },
  },
};
