/** Links that change the page without loading it again; opened in a new tab they are ordinary ones. */

import Link, { type LinkProps } from "@cloudscape-design/components/link";
import { type ReactNode, useCallback } from "react";
import { useHref, useNavigate } from "react-router";

const PREFIX = "/console";

/** What components with an `onFollow` want: goes to an address of ours, leaves others to the browser. */
export function useFollow(): (event: CustomEvent<{ href?: string; external?: boolean }>) => void {
  const navigate = useNavigate();
  return useCallback(
    (event) => {
      const { href, external } = event.detail;
      if (href?.startsWith(`${PREFIX}/`) && !external) {
        event.preventDefault();
        navigate(href.slice(PREFIX.length));
      }
    },
    [navigate],
  );
}

/** The address of a page for a component with an `href`. */
export function hrefOf(path: string): string {
  return PREFIX + path;
}

export function PageLink(props: { to: string; children: ReactNode } & Omit<LinkProps, "href">): ReactNode {
  const { to, children, ...rest } = props;
  const href = useHref(to);
  const follow = useFollow();
  return (
    <Link {...rest} href={href} onFollow={follow}>
      {children}
    </Link>
  );
}
