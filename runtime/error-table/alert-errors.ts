import type { ErrorEntry } from "./entry.ts";

/** Rules of alerts, and silences. */
export const alertErrors = {
  alert_rule_invalid: {
    title: "An alert rule cannot be used.",
    remedy:
      "Correct the rule at the line that the message names; docs/alerts.md lists the keys and what may stand there.",
    retryable: false,
  },
  alert_rule_in_file: {
    title: "A file has a rule of this name, and files win.",
    remedy: "Change or remove the file and start the stream processors again, or give the rule another name.",
    retryable: false,
  },
  alert_rule_unknown: {
    title: "There is no alert rule of this name.",
    remedy: "hailstream alerts list, or GET /alerts/rules, shows those that there are.",
    retryable: false,
  },
  alert_rule_needed: {
    title: "Another rule could not be used then.",
    remedy: "Change or remove the rule that the message names first.",
    retryable: false,
  },
  alert_key_refused: {
    title: "The request comes without the key of the alerts' API.",
    remedy:
      "From the machine itself none is needed unless --stream-api-key is set; else send it as Authorization: Bearer KEY, or as the password of Basic.",
    retryable: false,
  },
  alert_request_invalid: {
    title: "The request cannot be understood.",
    remedy: "docs/alerts.md shows what each path of the alerts' API takes.",
    retryable: false,
  },
  alert_path_unknown: {
    title: "There is nothing at this path.",
    remedy: "docs/alerts.md lists the paths of the alerts' API.",
    retryable: false,
  },
  alert_method_unsupported: {
    title: "The path is there, but not with this method.",
    remedy: "docs/alerts.md lists the paths of the alerts' API and their methods.",
    retryable: false,
  },
  alert_silence_unknown: {
    title: "There is no such silence that still holds.",
    remedy: "hailstream alerts silences, or GET /alerts/silences, shows those that hold.",
    retryable: false,
  },
  alert_silence_invalid: {
    title: "A silence cannot be made or ended so.",
    remedy: "A silence has an end in the future, a reason, and what it is about: --rule NAME or --label NAME=VALUE.",
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
