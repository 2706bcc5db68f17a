import { expect, test } from "vitest";
import { errorHtml, errorIndexHtml, isErrorCode } from "../../../ingest/openapi/error-pages.ts";
import { escapeHtml } from "../../../ingest/openapi/html.ts";
import { type ErrorCode, errorTable } from "../../../runtime/index.ts";

const codes = Object.keys(errorTable) as ErrorCode[];

test("every code has a page that says what happened and what to do, without scripts", () => {
  for (const code of codes) {
    const page = errorHtml(code, "/errors");
    expect(page).toContain(`<h1>${escapeHtml(errorTable[code].title)}</h1>`);
    expect(page).toContain(escapeHtml(errorTable[code].remedy));
    expect(page).not.toContain("<script");
  }
});

test("the index leads to every code", () => {
  const index = errorIndexHtml("/errors");
  for (const code of codes) expect(index).toContain(`href="/errors/${code}"`);
});

test("remedies are text, not HTML, and names of objects are no codes", () => {
  expect(escapeHtml(`<64 hex> & "'`)).toBe("&lt;64 hex&gt; &amp; &quot;&#39;");
  expect(isErrorCode("constructor")).toBe(false);
  expect(isErrorCode("event_id_missing")).toBe(true);
});
