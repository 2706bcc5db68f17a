import { type ErrorCode, errorTable } from "../../runtime/index.ts";
import { statuses } from "../answers/problems.ts";
import type { ErrorPage } from "../answers/result-schema.ts";
import { escapeHtml, htmlPage } from "./html.ts";

const codes = Object.keys(errorTable) as ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}

/** What a code means, for programs. */
export function errorFacts(code: ErrorCode): ErrorPage {
  return { code, ...errorTable[code] };
}

export function allErrorFacts(): ErrorPage[] {
  return codes.map(errorFacts);
}

/** What a code means, for people. `base` is the path of the index. */
export function errorHtml(code: ErrorCode, base: string): string {
  const { title, remedy, retryable } = errorTable[code];
  const status = statuses[code];
  const again = retryable
    ? "Yes: the same call may succeed later with nothing changed. Keep the ids of the events."
    : "No: it gives the same answer until something is changed.";
  return htmlPage(
    `${code} · hailstream`,
    `<nav><a href="${base}">All codes</a> · <a href="/docs">API</a></nav>
<h1>${escapeHtml(title)}</h1>
<dl>
<dt>Code</dt><dd><code>${code}</code></dd>
<dt>What to do</dt><dd>${escapeHtml(remedy)}</dd>
<dt>Try again unchanged</dt><dd>${again}</dd>
<dt>Concerns</dt><dd>${escapeHtml(groupOf(code).concerns)}</dd>
${status === undefined ? "" : `<dt>HTTP status</dt><dd>${status}, when it is the answer to a whole request</dd>`}
</dl>
<footer>A code is never renamed and never changes its meaning.</footer>`,
  );
}

/** The index of all codes, for people. */
export function errorIndexHtml(base: string): string {
  const sections = [...groups, elsewhere].map((group) => {
    const rows = codes
      .filter((code) => groupOf(code) === group)
      .map(
        (code) =>
          `<tr><td><a href="${base}/${code}"><code>${code}</code></a></td><td>${escapeHtml(errorTable[code].title)}</td></tr>`,
      );
    return rows.length === 0 ? "" : `<h2>${group.title}</h2>\n<table>\n${rows.join("\n")}\n</table>`;
  });
  return htmlPage(
    "Error codes · hailstream",
    `<nav><a href="/docs">API</a></nav>\n<h1>Error codes</h1>
<p>Every error has one stable code. It stands in the result of an event, in the problem of a request, and in the logs.</p>
${sections.join("\n")}`,
  );
}

type Group = { readonly title: string; readonly concerns: string; readonly prefixes: readonly string[] };

const groups: readonly Group[] = [
  { title: "One event", concerns: "one event of a request; the others are not affected", prefixes: ["event"] },
  { title: "A whole request", concerns: "a request as a whole", prefixes: ["request"] },
  { title: "Kafka", concerns: "the way into Kafka", prefixes: ["kafka"] },
];
const elsewhere: Group = {
  title: "Behind the door",
  concerns: "the pipeline behind the door, or the command line",
  prefixes: [],
};

function groupOf(code: ErrorCode): Group {
  return groups.find(({ prefixes }) => prefixes.some((prefix) => code.startsWith(`${prefix}_`))) ?? elsewhere;
}
