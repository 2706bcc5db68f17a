import type { ErrorEntry } from "./entry.ts";

/** What a browser at the console, and who starts it, meets. */
export const consoleErrors = {
  console_page_missing: {
    title: "The console's page has not been built.",
    remedy: "Run npm run setup in the checkout; npm start does so by itself.",
    retryable: false,
  },
  console_request_foreign: {
    title: "The request was made for a foreign name, or by a foreign page.",
    remedy:
      "Open the console under a name of its own machine, or name the one that browsers use with --console-hosts; see docs/console.md.",
    retryable: false,
  },
  console_sign_in_needed: {
    title: "Nobody is signed in, or the session is over.",
    remedy: "Sign in with the key that hailstream up shows at its start.",
    retryable: false,
  },
  console_key_wrong: {
    title: "This key is none of the console's.",
    remedy:
      "hailstream up shows the key at its start; elsewhere it is HAILSTREAM_CONSOLE_KEY or HAILSTREAM_CONSOLE_VIEW_KEY.",
    retryable: false,
  },
  console_role_needed: {
    title: "Who signed in with this key may look and not act.",
    remedy: "Sign out, and sign in with the key of the role operate.",
    retryable: false,
  },
  console_request_invalid: {
    title: "The request cannot be understood.",
    remedy: "The message names the field; docs/console.md shows the addresses of all views.",
    retryable: false,
  },
  console_record_unknown: {
    title: "There is no such event any more.",
    remedy: "Its topic no longer keeps it, or the address is another one; hailstream trace ID finds its row.",
    retryable: false,
  },
  console_act_unknown: {
    title: "No such act is known.",
    remedy: "The console remembers the last fifty since it started; the records at /refused/records have all.",
    retryable: false,
  },
  console_acts_too_many: {
    title: "Too much is under way already.",
    remedy: "Wait for one of the acts that are under way, or stop one.",
    retryable: true,
  },
  console_path_unknown: {
    title: "There is nothing at this path.",
    remedy: "docs/console.md shows the addresses of all views.",
    retryable: false,
  },
  console_topic_unknown: {
    title: "There is no topic of this name.",
    remedy: "Look for it in the list of topics; hailstream topics create makes those of the pipeline.",
    retryable: false,
  },
  console_group_unknown: {
    title: "There is no consumer group of this name.",
    remedy: "Look for it in the list of consumer groups; Kafka forgets one that has had no members for a week.",
    retryable: false,
  },
  console_schema_unknown: {
    title: "There is no event type of this name.",
    remedy: "Look for it in the list of schemas, or see hailstream schemas list.",
    retryable: false,
  },
  console_connector_refused: {
    title: "The sinks refuse what was asked of a connector.",
    remedy:
      "The message has their words; docs/connectors.md says what is possible when. Where they ask for a key, give it to the console, too: HAILSTREAM_SINKS_API_KEY.",
    retryable: false,
  },
  console_trial_ended: {
    title: "The rule was not tried to the end.",
    remedy: "Try it on a shorter time; hailstream alerts test has no limit.",
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;
