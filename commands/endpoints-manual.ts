import type { Manual } from "./manual.ts";

const refused = { 2: "the target is refused, or there is no such endpoint" } as const;

/** What the help of `hailstream endpoints …` says. */
export const endpointsManual: Manual = {
  examples: [
    'hailstream endpoints create --url https://example.com/alerts --name "night shift" --min-severity critical',
    "hailstream endpoints create --url https://hooks.slack.com/services/… --format slack --label city=cty_nyc",
    "hailstream endpoints test ep_0198f3c1…",
    "hailstream endpoints deliveries --state exhausted",
    "hailstream endpoints replay ep_0198f3c1… --since 24h --dry-run",
  ],
  notes:
    'How to receive and verify: docs/webhooks.md. What is refused is told with --json as {"refused":code,"message"}.',
  parts: {
    create: {
      examples: [
        'hailstream endpoints create --url https://example.com/alerts --name "night shift" --min-severity critical',
      ],
      json: '{"id","secret","url","name"}',
      exits: refused,
    },
    edit: {
      examples: [
        "hailstream endpoints edit ep_0198f3c1… --min-severity warning",
        'hailstream endpoints edit ep_0198f3c1… --rule ""  # of all rules again',
      ],
      json: '{"edited":id}',
      exits: refused,
    },
    rotate: {
      examples: [
        "hailstream endpoints rotate ep_0198f3c1…",
        "hailstream endpoints rotate ep_0198f3c1… --keep-hours 0  # the old secret has leaked",
      ],
      json: '{"id","secret","old_valid_hours"}',
      exits: refused,
    },
    list: {
      examples: ["hailstream endpoints list"],
      json: '[{"endpoint_id","name","url","format","least_severity","rules":[name],"labels":{name:[value]},"rate_per_second":n|null,"state":"active"|"disabled","disabled_reason":words|null,"disabled_at":time|null,"failing_since":time|null,"old_secret_until":time|null,"created_at"}]',
    },
    test: {
      examples: ["hailstream endpoints test ep_0198f3c1…"],
      json: '{"result":"delivered"|why not,"seconds","status":n|absent,"detail","retryAfterMs":n|absent,"messageId"}',
      exits: { 1: "it was not delivered", ...refused },
    },
    disable: {
      examples: ["hailstream endpoints disable ep_0198f3c1…"],
      json: '{"endpoint":id,"disabled"}',
      exits: refused,
    },
    enable: {
      examples: ["hailstream endpoints enable ep_0198f3c1…"],
      json: '{"enabled":id,"exhausted":n}',
      exits: refused,
    },
    delete: {
      examples: ["hailstream endpoints delete ep_0198f3c1…"],
      json: '{"deleted":id}',
      exits: refused,
    },
    deliveries: {
      examples: [
        "hailstream endpoints deliveries --state exhausted",
        "hailstream endpoints deliveries --message msg_0198f3c1…  # every attempt",
      ],
      json: '[{"delivery_id","endpoint_id","message_id","state","attempts","next_attempt_at":time|null,"created_at","finished_at":time|null,"last_result":words|null,"last_status":n|null,"last_detail":words|null}]',
      notes: 'With --message: [{"endpoint_id","attempt","started_at","seconds","result","status","detail"}].',
    },
    replay: {
      examples: [
        "hailstream endpoints replay ep_0198f3c1… --since 24h --dry-run",
        "hailstream endpoints replay --message msg_0198f3c1… --state delivered  # once more, by a receiver that lost it",
      ],
      json: '{"replayed","overtaken","inactive","dry_run"}',
      exits: refused,
    },
  },
};
