import { Link } from "./link.tsx";

/** The code of an error, which leads to what the documentation says of it. */
export function ErrorLink({ code }: { readonly code: string }) {
  return (
    <Link to={`/docs/errors#${code}`} class="mono">
      {code}
    </Link>
  );
}
