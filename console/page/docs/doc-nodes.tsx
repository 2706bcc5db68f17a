import { type ComponentChildren, h } from "preact";
import type { DocElement, DocNode } from "../../docs/shapes.ts";
import { Link } from "../parts/link.tsx";

/** What a page is made of. Text stays text: nothing here becomes markup. */
export function DocNodes({ nodes }: { readonly nodes: readonly DocNode[] }): ComponentChildren {
  // The nodes of a page never change places.
  return nodes.map((node, place) => (typeof node === "string" ? node : <Element key={place} node={node} />));
}

function Element({ node }: { readonly node: DocElement }) {
  const { tag, children, id, href = "", start, align } = node;
  const within = <DocNodes nodes={children} />;
  switch (tag) {
    case "pre":
      return <Code node={node} />;
    case "table":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <div class="doc-table" tabIndex={0}>
          <table>{within}</table>
        </div>
      );
    case "th":
      // A corner without words is no heading.
      if (children.length === 0) return <td />;
      return (
        <th scope="col" class={align}>
          {within}
        </th>
      );
    case "a":
      return <DocLink href={href}>{within}</DocLink>;
    case "img":
      return <img src={href} alt={(children as readonly string[]).join("")} loading="lazy" />;
    case "br":
    case "hr":
      return h(tag, null);
    default:
      return h(tag, { id, start, class: align }, within);
  }
}

function Code({ node: { children, language } }: { readonly node: DocElement }) {
  const code = (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <pre tabIndex={0}>
      <code>{children as readonly string[]}</code>
    </pre>
  );
  if (language !== "mermaid") return code;
  return (
    <figure>
      <figcaption>A diagram, as text in the notation of Mermaid</figcaption>
      {code}
    </figure>
  );
}

/** Within the page the browser jumps by itself; another page of the console is shown without loading; the rest is the web. */
function DocLink({ href, children }: { readonly href: string; readonly children: ComponentChildren }) {
  if (href.startsWith("#")) return <a href={href}>{children}</a>;
  if (href.startsWith("/")) {
    return <Link to={href}>{children}</Link>;
  }
  return (
    <a href={href} rel="noreferrer">
      {children}
    </a>
  );
}
