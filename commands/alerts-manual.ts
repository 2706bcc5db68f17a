import type { Manual } from "./manual.ts";

const rule =
  '"name","source":"file"|"api","file":name|absent,"severity","on":[type],"description","problem":words|absent,"made_at":time|absent,"made_by":who|absent,"changed_at":time|absent,"changed_by":who|absent';
const told =
  '"heard","unreadable","messages":[{"time","notification","alert_id","sequence","rule","alert_key","severity","cause","started_at","summary","labels":{…}}]';
const refused = { 2: "the rule, the silence or an option is refused" } as const;

/** What the help of `hailstream alerts …` says. */
export const alertsManual: Manual = {
  examples: [
    "hailstream alerts list --firing",
    "hailstream alerts test alerts/cancellation-spike.yaml  # tried on the last hour: what it would have told",
    "hailstream alerts save my-rule.yaml                    # kept in the database; at work within some seconds, without a restart",
    "hailstream alerts remove my-rule",
    'hailstream alerts silence --rule unmet-demand --label city=cty_nyc --for 2h --reason "marathon"',
  ],
  notes: 'How rules are written: docs/alerts.md. What is refused is told with --json as {"refused":code,"message"}.',
  parts: {
    list: {
      examples: ["hailstream alerts list", "hailstream alerts list --firing --json"],
      json: '[{"rule","source":"file"|"api","file":name|absent,"severity","on":[type],"description","problem":words|absent,"made_at":time|absent,"made_by":who|absent,"changed_at":time|absent,"changed_by":who|absent,"states":[{"rule","labels":{…},"state":"inactive"|"pending"|"firing"|"no_data"|"error","sinceMs":ms|absent,"summary":words|absent,"told":n|absent}]}]',
    },
    save: {
      examples: ["hailstream alerts save my-rule.yaml"],
      json: `{${rule},"created"}`,
      exits: refused,
    },
    remove: {
      examples: ["hailstream alerts remove my-rule"],
      json: '{"removed":name}',
      exits: refused,
    },
    test: {
      examples: [
        "hailstream alerts test alerts/cancellation-spike.yaml",
        "hailstream alerts test my-rule.yaml --since 6h --json",
      ],
      json: `{${told}}`,
      exits: refused,
    },
    replay: {
      examples: ["hailstream alerts replay --rule payment-failures --since 6h"],
      json: `{${told}}`,
      exits: refused,
    },
    silence: {
      examples: ['hailstream alerts silence --rule unmet-demand --label city=cty_nyc --for 2h --reason "marathon"'],
      json: '{"id","until":time}',
      exits: refused,
    },
    silences: {
      examples: ["hailstream alerts silences", "hailstream alerts silences --all"],
      json: '[{"id","matches":{label:value},"reason","madeBy","startsMs","endsMs"}]',
    },
    unsilence: {
      examples: ["hailstream alerts unsilence sil_0198f3c1…"],
      json: '{"ended":id}',
      exits: refused,
    },
  },
};
