import { createRequire } from "node:module";

/** The files of Swagger UI that the page loads, by the last part of their path; they come from this server, never from elsewhere. */
export function docsAssets(): ReadonlyMap<string, string> {
  const { resolve } = createRequire(import.meta.url);
  return new Map(["swagger-ui.css", "swagger-ui-bundle.js"].map((name) => [name, resolve(`swagger-ui-dist/${name}`)]));
}

/** A script of its own, since the page's policy forbids scripts in the page. */
export const docsScript = `window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

export const docsHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>hailstream API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript><p>The description itself is at <a href="/openapi.json">/openapi.json</a>; <a href="/errors">/errors</a> lists all error codes.</p></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
