import type { Manual } from "./manual.ts";

const entry =
  '"quarantine_id","state","code","violations":[…],"event_id","type","source","time","subject":id|null,"schema_id":n|null,"key_name","stage","token_subject":id|null,"times_seen","received_at","last_received_at","fixed_at":time|null,"fixed_by":who|null,"attempts","last_status":status|null,"last_code":code|null';
const events =
  '"events":[{"quarantine_id","event_id","outcome","code":code|absent,"pointer":pointer|absent,"message":words|absent}],"unlisted"';

/** What the help of `hailstream quarantine …` says. */
export const quarantineManual: Manual = {
  examples: [
    "hailstream quarantine list --code event_field_unknown --since 24h",
    "hailstream quarantine show q_4f0c21ab90",
    "hailstream quarantine fix --code event_field_unknown --move /data/sped=/data/speed --dry-run",
    `hailstream quarantine fix --key-name driver-app --since 7d --pipe "jq -c '.data.speed |= tonumber'"`,
    "hailstream quarantine replay --state fixed",
  ],
  notes:
    'What is kept and what a replay means: docs/quarantine.md. What is refused is told with --json as {"refused":code,"message"}.',
  parts: {
    list: {
      examples: [
        "hailstream quarantine list",
        "hailstream quarantine list --code event_field_unknown --since 24h --json",
      ],
      json: `{"total","counts":[{"code","type","state","count"}],"entries":[{${entry}}],"next":id|absent}`,
    },
    show: {
      examples: [
        "hailstream quarantine show q_4f0c21ab90",
        "hailstream quarantine show q_4f0c21ab90 --raw > event.json",
      ],
      json: `{${entry},"what_to_do","original_base64","original","fixed":text|null,"replays":[…]}`,
      exits: { 2: "there is no such event" },
    },
    fix: {
      examples: [
        "hailstream quarantine fix --code event_field_unknown --move /data/sped=/data/speed --dry-run",
        "hailstream quarantine fix q_4f0c21ab90 --set /data/speed=8.3",
        `hailstream quarantine fix --since 7d --pipe "jq -c '.data.speed |= tonumber'"`,
      ],
      json: `{"dryRun","matched","fixed","would":{outcome:n},"skipped":{code:n},${events}}`,
      exits: { 1: "some events could not be fixed", 2: "it cannot be done" },
    },
    replay: {
      examples: ["hailstream quarantine replay --state fixed --dry-run", "hailstream quarantine replay q_4f0c21ab90"],
      json: `{"dryRun","ok","matched","posted":n|absent,"answers":{status:n}|absent,"would":{outcome:n}|absent,"skipped":{code:n},"interrupted",${events}}`,
      exits: { 1: "some events were not accepted", 2: "it cannot be done" },
    },
  },
};
