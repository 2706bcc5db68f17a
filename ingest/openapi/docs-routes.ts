import type { Express, Request, Response } from "express";
import type { Catalogue } from "../../schemas/index.ts";
import type { IngestOptions } from "../options.ts";
import { docsAssets, docsHtml, docsScript } from "./docs-page.ts";
import { allErrorFacts, errorFacts, errorHtml, errorIndexHtml, isErrorCode } from "./error-pages.ts";
import { openApiDocument } from "./openapi-document.ts";

/** Everything comes from this server. Swagger UI writes styles into its elements and has pictures in its style sheet. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What the server says about itself: GET /openapi.json, /docs, /errors and /errors/CODE, without a key. */
export function addDocsRoutes(app: Express, parts: { readonly options: IngestOptions; readonly catalogue: Catalogue }) {
  let description: string | undefined;
  app.get("/openapi.json", (_request, response) => {
    description ??= JSON.stringify(openApiDocument(parts.options, parts.catalogue));
    response.type("application/json").send(description);
  });

  app.get("/docs", (_request, response) => sendHtml(response, docsHtml));
  app.get("/docs/start.js", (_request, response) => void response.type("text/javascript").send(docsScript));
  for (const [name, file] of docsAssets()) {
    app.get(`/docs/${name}`, (_request, response) => {
      response.sendFile(file, { dotfiles: "allow", maxAge: "1h" });
    });
  }

  app.get("/errors", (request, response) => {
    if (prefersHtml(request, response)) sendHtml(response, errorIndexHtml("/errors"));
    else response.json(allErrorFacts());
  });
  app.get("/errors/:code", (request, response, next) => {
    const { code } = request.params;
    if (!isErrorCode(code)) next();
    else if (prefersHtml(request, response)) sendHtml(response, errorHtml(code, "/errors"));
    else response.json(errorFacts(code));
  });
}

/** Browsers ask for text/html; whoever takes anything gets JSON. */
function prefersHtml(request: Request, response: Response): boolean {
  response.vary("accept");
  return request.accepts(["json", "html"]) === "html";
}

function sendHtml(response: Response, text: string): void {
  response.setHeader("content-security-policy", policy);
  response.type("text/html").send(text);
}
