/** Issuers of identity tokens that the account's roles may trust. */

import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { issuerOf } from "../../domain/trust";
import { paths } from "../../paths";
import type { Column } from "../../shell/long_table";
import { text } from "../../text";
import { arnColumn, nameColumn } from "./columns";
import { ListingPage } from "./listing_page";
import { useProviders } from "./queries";

const words = text.providers;

const COLUMNS: Column<string>[] = [
  nameColumn(words.issuer, issuerOf, paths.provider),
  arnColumn((arn) => arn),
];

export function ProvidersPage(): ReactNode {
  const listing = useProviders();
  const navigate = useNavigate();
  return (
    <ListingPage
      id="providers"
      words={words}
      columns={COLUMNS}
      listing={listing}
      nameOf={issuerOf}
      onCreate={() => navigate(paths.createProvider)}
    />
  );
}
