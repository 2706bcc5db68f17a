import type { Alert, Member } from "./alert.ts";

const colours = { info: "#439FE0", warning: "warning", critical: "danger" } as const;
/** Slack shows long fields badly; attachments of Mattermost and Rocket.Chat end at about as many. */
const mostFields = 10;
/** Of a message whose text is longer Slack cuts the rest. */
const longestText = 3_000;

/**
 * A message for an incoming webhook of Slack, in the form that Mattermost, Rocket.Chat and Discord (at `/slack`) take too: a text, and an
 * attachment with the colour of the severity and the labels as fields.
 */
export function slackBody(alert: Alert) {
  const { rule, severity, status, startedAt, key } = alert;
  const told = [alert.summary, ...Object.values(alert.annotations), ...alert.members.map(memberLine)];
  const summary = plain(alert.summary.slice(0, longestText));
  const headline = status === "resolved" ? `Resolved: ${plain(rule)}` : `${severity.toUpperCase()}: ${plain(rule)}`;
  return {
    text: `*${headline}*`,
    attachments: [
      {
        fallback: `${headline}: ${summary}`,
        color: status === "resolved" ? "good" : colours[severity],
        text: plain(told.join("\n").slice(0, longestText)),
        fields: Object.entries(alert.labels)
          .slice(0, mostFields)
          .map(([title, value]) => ({ title, value: plain(value), short: value.length <= 40 })),
        footer: plain(key),
        ts: Math.floor(Date.parse(startedAt) / 1_000),
      },
    ],
  };
}

function memberLine({ status, summary }: Member): string {
  return `• ${status === "resolved" ? "resolved: " : ""}${summary}`;
}

/** The three characters that are control characters to Slack; what a person typed must not become a link or a mention. */
function plain(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
