import type { ErrorEntry } from "./entry.ts";

/** Rules of alerts, and silences. */
export const alertErrors = {
  alert_rule_invalid: {
    title: "An alert rule cannot be used.",
    remedy:
      "Correct the file at the line that the message names; docs/alerts.md lists the keys and what may stand there.",
    retryable: false,
  },
  alert_silence_invalid: {
    title: "A silence cannot be made or ended so.",
    remedy: "A silence has an end in the future, a reason, and what it is about: --rule NAME or --label NAME=VALUE.",
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
