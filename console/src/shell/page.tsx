/** A page with its title, and what stands beside it. */

import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import type { ReactNode } from "react";
import { Buttons } from "./buttons";

export function Page(props: {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}): ReactNode {
  const { title, description, actions, children } = props;
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} actions={actions && <Buttons>{actions}</Buttons>}>
          {title}
        </Header>
      }
    >
      {children}
    </ContentLayout>
  );
}
