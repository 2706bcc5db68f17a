import type { Manual } from "./manual.ts";

const summary = '"name","fullName","kind","topic","key","class","enrichedTopic":topic|null';

/** What the help of `hailstream schemas …` says. */
export const schemasManual: Manual = {
  examples: [
    "hailstream schemas list",
    "hailstream schemas show trip.completed",
    "hailstream schemas example trip.requested --json",
    "hailstream schemas check",
  ],
  notes: "How an event type is added: CONTRIBUTING.md; what there is: docs/events.md.",
  parts: {
    list: {
      examples: ["hailstream schemas list", "hailstream schemas list --schemas-dir examples/orders/schemas"],
      json: `[{${summary}}]`,
    },
    show: {
      examples: ["hailstream schemas show trip.completed"],
      json: `{${summary},"doc","released":[version],"fields":[…],"schema":{…}}`,
    },
    example: {
      examples: ["hailstream schemas example trip.requested --json"],
      json: "a data object of the type",
    },
    check: {
      examples: ["hailstream schemas check"],
      json: '{"compatible","results":[{"type","version","compatible","changes":[…]}]}',
      exits: { 1: "a schema cannot read what an earlier one wrote" },
    },
    types: {
      examples: ["hailstream schemas types", "hailstream schemas types --verify  # in CI"],
      json: '{"stale":[file],"written"}',
      exits: { 1: "with --verify a file is stale" },
    },
    release: {
      examples: [
        "hailstream schemas release trip.rated",
        "hailstream schemas release  # all that changed, also what others have changed and not released",
      ],
      json: '{"released":[{"type","version"}],"results":[…]|absent}',
      exits: { 2: "a schema cannot read what an earlier one wrote; nothing is released" },
    },
  },
};
