import type { Manual } from "./manual.ts";

const key =
  '"id","name","stage","state","scopes":[type],"mint","created_at","expires_at":time|absent,"revoked_at":time|absent';
const unknown = { 2: "there is no such key, or it cannot be done with it" } as const;

/** What the help of `hailstream keys …` says. */
export const keysManual: Manual = {
  examples: [
    'hailstream keys create --name driver-app --stage live --scopes "driver.*,trip.*,safety.sos"',
    "hailstream keys rotate driver-app --grace-ms 86400000",
    "hailstream keys revoke hs_live_4Fq9Zk2m",
    "hailstream keys token --subject drv_123",
  ],
  notes: `A key is shown once, by create and rotate; only its hash is kept. Every ingest process takes a change within seconds.
How apps use keys and tokens: docs/identity.md.`,
  parts: {
    create: {
      examples: [
        'hailstream keys create --name driver-app --scopes "driver.*,trip.*,safety.sos"',
        "hailstream keys create --name backend --mint  # may mint device tokens",
      ],
      json: `{${key},"key":TEXT}`,
      exits: unknown,
    },
    list: {
      examples: ["hailstream keys list"],
      json: `[{${key}}]`,
      exits: unknown,
    },
    show: {
      examples: ["hailstream keys show driver-app"],
      json: `{${key}}`,
      exits: unknown,
    },
    rotate: {
      examples: ["hailstream keys rotate driver-app", "hailstream keys rotate driver-app --grace-ms 3600000"],
      json: `{${key},"key":TEXT,"old":{${key}}}`,
      exits: unknown,
    },
    revoke: {
      examples: ["hailstream keys revoke hs_live_4Fq9Zk2m"],
      json: `{${key}}`,
      exits: unknown,
    },
    token: {
      examples: [
        "hailstream keys token --subject drv_123",
        "hailstream keys token --subject drv_123 --key backend --ttl-ms 60000",
      ],
      json: '{"token","subject","key":id,"expires_at"}',
      exits: unknown,
    },
    "device-key": {
      examples: ["hailstream keys device-key create", "hailstream keys device-key list"],
      parts: {
        create: {
          examples: ["hailstream keys device-key create"],
          json: '{"kid","created_at","file"}',
        },
        list: {
          examples: ["hailstream keys device-key list"],
          json: '[{"kid","signs","created_at"}]',
          exits: unknown,
        },
        delete: {
          examples: ["hailstream keys device-key delete dk_2026-11-22_4f0c"],
          json: '{"deleted":kid}',
          exits: unknown,
        },
      },
    },
  },
};
