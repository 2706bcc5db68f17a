import type { ComponentChildren } from "preact";
import { addressWith } from "../choices.ts";
import { goTo, isTaken, useChoices } from "../router.ts";

type LinkProps = {
  /** Where it leads, without choices. */
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly title?: string;
  readonly current?: boolean;
};

/** A link within the console. Its address is that of the view as it would be seen here, so a new tab shows the same; a plain click loads nothing anew. */
export function Link({ to, children, current, ...rest }: LinkProps) {
  const choices = useChoices();
  return (
    <a
      href={addressWith(to, choices)}
      onClick={(event) => {
        if (!isTaken(event)) return;
        event.preventDefault();
        goTo(to);
      }}
      aria-current={current === true ? "page" : undefined}
      {...rest}
    >
      {children}
    </a>
  );
}
