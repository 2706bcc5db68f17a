import type { ComponentChildren } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { pathOf } from "../../docs/doc-path.ts";
import type { DocGroup, DocHeading } from "../../docs/shapes.ts";
import { Link } from "../parts/link.tsx";

type ContentsProps = {
  readonly groups: readonly DocGroup[];
  readonly at: string;
  /** What stands above them. */
  readonly children: ComponentChildren;
};

/** All pages, in their groups. */
export function Contents({ groups, at, children }: ContentsProps) {
  return (
    <Folded name="All pages" class="contents" above={children}>
      {groups.map(({ name, pages }) => (
        <section key={name}>
          <p class="group">{name}</p>
          <ul>
            {pages.map(({ address, title }) => (
              <li key={address}>
                <Link to={pathOf(address)} current={address === at}>
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Folded>
  );
}

const deepest = 3;

/** The headings of the page that is shown. */
export function Outline({ headings }: { readonly headings: readonly DocHeading[] }) {
  const listed = headings.filter(({ depth }) => depth <= deepest);
  if (listed.length < 2) return null;
  return (
    <Folded name="On this page" class="outline">
      <p class="group beside">On this page</p>
      <ul>
        {listed.map(({ id, text, depth }) => (
          <li key={id} class={`depth-${depth}`}>
            <a href={`#${id}`}>{text}</a>
          </li>
        ))}
      </ul>
    </Folded>
  );
}

const wide = matchMedia("(min-width: 1000px)");

type FoldedProps = {
  readonly name: string;
  readonly class: string;
  readonly above?: ComponentChildren;
  readonly children: ComponentChildren;
};

/** Beside the page where there is room; else folded above it. */
function Folded({ name, above, children, ...rest }: FoldedProps) {
  const [isWide, setWide] = useState(wide.matches);
  useLayoutEffect(() => {
    const update = () => setWide(wide.matches);
    wide.addEventListener("change", update);
    return () => wide.removeEventListener("change", update);
  }, []);
  return (
    <nav class={`doc-nav ${rest.class}`} aria-label={name}>
      {above}
      <details open={isWide}>
        <summary>{name}</summary>
        {children}
      </details>
    </nav>
  );
}
