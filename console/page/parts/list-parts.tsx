import "./views.css";
import type { ComponentChildren } from "preact";
import { useSettings } from "../settings.ts";
import { shortTimeText, timeText } from "./words.ts";

type ScrollProps = { readonly label: string; readonly children: ComponentChildren };

/** A table that is wider than a narrow screen scrolls by itself, also by the keyboard. */
export function Scroll({ label, children }: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

/** A moment in the zone of the page; all of it in the title. */
export function Time({ at }: { readonly at: number }) {
  const { zone } = useSettings();
  return (
    <time dateTime={new Date(at).toISOString()} title={timeText(at, zone)}>
      {shortTimeText(at, zone)}
    </time>
  );
}

/** Takes a list away as a file, by the filters that are shown. @param path of the server, with its filters */
export function Exports({ path, what }: { readonly path: string; readonly what: string }) {
  const of = (format: string) => `${path}${path.includes("?") ? "&" : "?"}format=${format}`;
  return (
    <p class="exports">
      <a href={of("csv")} download aria-label={`${what} as CSV`}>
        CSV
      </a>
      <a href={of("jsonl")} download aria-label={`${what} as JSON lines`}>
        JSON lines
      </a>
    </p>
  );
}

/** Why there is no newer data; what is shown stays. */
export function Problem({ text }: { readonly text: string | undefined }) {
  return (
    <p role="alert" class={text === undefined ? "unseen" : "refusal"}>
      {text === undefined ? "" : `✕ ${text}`}
    </p>
  );
}
