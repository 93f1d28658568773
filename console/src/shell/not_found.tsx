/** An address that is none of the console's. */

import Box from "@cloudscape-design/components/box";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import type { ReactNode } from "react";
import { paths } from "../paths";
import { text } from "../text";
import { PageLink } from "./links";

export function NotFoundPage(): ReactNode {
  return (
    <ContentLayout header={<Header variant="h1">{text.notFound.title}</Header>}>
      <Box>
        {text.notFound.body} <PageLink to={paths.repositories}>{text.navigation.repositories}</PageLink>
      </Box>
    </ContentLayout>
  );
}
