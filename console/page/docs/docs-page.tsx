import "./docs.css";
import { useEffect } from "preact/hooks";
import { addressAt } from "../../docs/doc-path.ts";
import type { DocGroup, DocPage } from "../../docs/shapes.ts";
import { Problem } from "../parts/list-parts.tsx";
import { useQuery } from "../parts/query.ts";
import { useAsked } from "../parts/use-asked.ts";
import { usePlace } from "../router.ts";
import { Contents, Outline } from "./contents.tsx";
import { DocNodes } from "./doc-nodes.tsx";
import { FindField, Found } from "./find.tsx";

/** The documentation of the version that runs. */
export function DocsPage() {
  const at = addressAt(usePlace().path);
  const query = useQuery();
  const words = query.get("find")?.trim() ?? "";
  const { answer: list } = useAsked<{ readonly groups: readonly DocGroup[] }>("/api/docs");
  const { answer, last, problem } = useAsked<DocPage>(`/api/docs/page?${new URLSearchParams({ at })}`);
  // While the next page comes, the one before stays.
  const shown = answer ?? (problem === undefined ? last : undefined);
  useEffect(() => {
    if (answer !== undefined && words === "") arriveAt(answer);
  }, [answer, words]);
  return (
    <main id="main" tabIndex={-1} class="docs" aria-busy={answer === undefined && problem === undefined}>
      <a class="skip" href="#doc">
        Skip to the page
      </a>
      <Contents groups={list?.groups ?? []} at={at}>
        <FindField query={query} />
      </Contents>
      {words === "" ? <Outline headings={shown?.headings ?? []} /> : null}
      <article class="doc" id="doc" tabIndex={-1}>
        {words === "" ? <Page page={shown} problem={problem} /> : <Found words={words} />}
      </article>
    </main>
  );
}

type PageProps = { readonly page: DocPage | undefined; readonly problem: string | undefined };

function Page({ page, problem }: PageProps) {
  if (page === undefined) {
    return (
      <>
        <h1>{problem === undefined ? "Docs" : "There is no such page"}</h1>
        <Problem text={problem} />
      </>
    );
  }
  return (
    <>
      <Problem text={problem} />
      <DocNodes nodes={page.body} />
      <p class="hint">{page.file}</p>
    </>
  );
}

/** A page begins at its top, or at the anchor of the address, which the browser looked for before it was there. */
function arriveAt({ title }: DocPage): void {
  document.title = `${title} · hailstream`;
  const anchor = decodeURIComponent(location.hash.slice(1));
  const heading = anchor === "" ? null : document.getElementById(anchor);
  if (heading === null) scrollTo(0, 0);
  else heading.scrollIntoView();
}
