import type { Manual } from "./manual.ts";

const state =
  '"name","connector":{"state","worker_id"},"tasks":[{"id","state","worker_id","trace":words|absent}],"type":"sink"';
const refused = { 2: "the request is refused, or there is no such connector" } as const;

/** What the help of `hailstream connectors …` says. */
export const connectorsManual: Manual = {
  examples: [
    "hailstream connectors list",
    "hailstream connectors create cars.yaml",
    "hailstream connectors stop cars && hailstream connectors offsets cars --set driver-status:0=0 && hailstream connectors resume cars",
  ],
  notes:
    'The files and all their keys: docs/connectors.md. What is refused is told with --json as {"refused":status,"message"}.',
  parts: {
    list: {
      examples: ["hailstream connectors list"],
      json: `[{${state}}]`,
    },
    status: {
      examples: ["hailstream connectors status cars"],
      json: `{${state}}`,
      exits: { 1: "a task has failed", ...refused },
    },
    config: {
      examples: ["hailstream connectors config cars"],
      json: "{key:value}, with or without --json",
      exits: refused,
    },
    validate: {
      examples: ["hailstream connectors validate cars.yaml"],
      json: '{"valid":true,"name"}',
      exits: refused,
    },
    create: {
      examples: ["hailstream connectors create cars.yaml"],
      json: '{"name","config":{key:value},"tasks":[{"connector","task"}],"type":"sink"}',
      exits: refused,
    },
    delete: {
      examples: ["hailstream connectors delete cars"],
      json: '{"deleted":name}',
      exits: refused,
    },
    pause: {
      examples: ["hailstream connectors pause cars"],
      json: '{"connector":name,"asked":"pause"}',
      exits: refused,
    },
    resume: {
      examples: ["hailstream connectors resume cars"],
      json: '{"connector":name,"asked":"resume"}',
      exits: refused,
    },
    stop: {
      examples: ["hailstream connectors stop cars"],
      json: '{"connector":name,"asked":"stop"}',
      exits: refused,
    },
    restart: {
      examples: ["hailstream connectors restart cars --failed", "hailstream connectors restart cars --task 0"],
      json: '{"connector":name,"asked":"restart"}',
      exits: refused,
    },
    offsets: {
      examples: [
        "hailstream connectors offsets cars",
        "hailstream connectors offsets cars --set driver-status:0=0 driver-status:1=0",
        "hailstream connectors offsets cars --reset",
      ],
      json: '{"offsets":[{"partition":{"kafka_topic","kafka_partition"},"offset":{"kafka_offset"}}]}',
      exits: refused,
    },
  },
};
