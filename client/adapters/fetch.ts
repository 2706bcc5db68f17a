import type { Network } from "../ports.ts";

/** Below this the head of gzip and its work cost more than they save. */
const worthZipping = 1_024;

/** Sends with `fetch`; zips where the platform can (`CompressionStream`: browsers and Node, not React Native). */
export function fetchNetwork(): Network {
  return async ({ url, headers, body, leaving, timeoutMs }) => {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      // A page that is closed runs no further than the first await.
      const zip = !leaving && body.length >= worthZipping && typeof CompressionStream === "function";
      const response = await fetch(url, {
        method: "POST",
        headers: zip ? { ...headers, "content-encoding": "gzip" } : headers,
        body: zip ? await gzip(body) : body,
        signal: abort.signal,
        keepalive: leaving,
      });
      const text = await response.text();
      return { status: response.status, header: (name) => response.headers.get(name), body: text };
    } finally {
      clearTimeout(timer);
    }
  };
}

async function gzip(text: string): Promise<ArrayBuffer> {
  const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(zipped).arrayBuffer();
}
