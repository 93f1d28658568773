/** The frame around every page, and which page an address shows. */

import AppLayout from "@cloudscape-design/components/app-layout";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { type ReactNode, useEffect, useState } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";
import { RecycleBinPage } from "../pages/bin/page";
import { EventsPage } from "../pages/events/page";
import { CreatePolicyPage } from "../pages/identity/create_policy";
import { CreateProviderPage } from "../pages/identity/create_provider";
import { CreateRolePage } from "../pages/identity/create_role";
import { GroupPage } from "../pages/identity/group";
import { GroupsPage } from "../pages/identity/groups";
import { PoliciesPage } from "../pages/identity/policies";
import { PolicyPage } from "../pages/identity/policy";
import { ProviderPage } from "../pages/identity/provider";
import { ProvidersPage } from "../pages/identity/providers";
import { RolePage } from "../pages/identity/role";
import { RolesPage } from "../pages/identity/roles";
import { UserPage } from "../pages/identity/user";
import { UsersPage } from "../pages/identity/users";
import { ImagePage } from "../pages/image/page";
import { KeepingPage } from "../pages/keeping/page";
import { RegistryPage } from "../pages/registry/page";
import { CreateRepositoryPage } from "../pages/repositories/create";
import { EditRepositoryPage } from "../pages/repositories/edit";
import { RepositoriesPage } from "../pages/repositories/page";
import { RepositoryPage } from "../pages/repository/page";
import { SessionsPage } from "../pages/sessions/page";
import { StoragePage } from "../pages/storage/page";
import { paths } from "../paths";
import { useSessionState } from "../session/context";
import { SignInPage } from "../session/sign_in";
import { text } from "../text";
import { hrefOf, useFollow } from "./links";
import { NotFoundPage } from "./not_found";
import { Notifications } from "./notifications";
import { TopBar } from "./top_bar";

const SECTIONS: SideNavigationProps.Item[] = [
  { type: "link", text: text.navigation.repositories, href: hrefOf(paths.repositories) },
  { type: "link", text: text.navigation.storage, href: hrefOf(paths.storage) },
  { type: "link", text: text.navigation.recycleBin, href: hrefOf(paths.recycleBin) },
  { type: "link", text: text.navigation.registry, href: hrefOf(paths.registry) },
  { type: "link", text: text.navigation.pins, href: hrefOf(paths.pins) },
  { type: "link", text: text.navigation.events, href: hrefOf(paths.events) },
  { type: "link", text: text.navigation.users, href: hrefOf(paths.users) },
  { type: "link", text: text.navigation.groups, href: hrefOf(paths.groups) },
  { type: "link", text: text.navigation.roles, href: hrefOf(paths.roles) },
  { type: "link", text: text.navigation.policies, href: hrefOf(paths.policies) },
  { type: "link", text: text.navigation.providers, href: hrefOf(paths.providers) },
  { type: "link", text: text.navigation.sessions, href: hrefOf(paths.sessions) },
];

/** Pages that a section of the navigation stands for, by how their addresses begin. */
const WITHIN: [string, string][] = [
  ["/repositor", paths.repositories],
  ["/create-repository", paths.repositories],
  ["/edit-repository", paths.repositories],
  ["/image", paths.repositories],
  ["/user", paths.users],
  ["/group", paths.groups],
  ["/role", paths.roles],
  ["/create-role", paths.roles],
  ["/polic", paths.policies],
  ["/create-policy", paths.policies],
  ["/identity-provider", paths.providers],
  ["/create-identity-provider", paths.providers],
];

export function App(): ReactNode {
  const { session } = useSessionState();
  return (
    <>
      <TopBar />
      {session === null ? (
        <AppLayout
          navigationHide
          toolsHide
          headerSelector="#top"
          contentType="form"
          notifications={<Notifications />}
          content={<SignInPage />}
        />
      ) : (
        <Pages key={`${session.account}/${session.region}/${session.arn}`} />
      )}
    </>
  );
}

function Pages(): ReactNode {
  const location = useLocation();
  const follow = useFollow();
  const [isOpen, setOpen] = useState(() => window.innerWidth > 900);
  useEffect(() => {
    document.title = `${titleOf(location.pathname)} – ${text.product}`;
  }, [location.pathname]);
  return (
    <AppLayout
      headerSelector="#top"
      toolsHide
      navigationOpen={isOpen}
      onNavigationChange={({ detail }) => setOpen(detail.open)}
      navigation={
        <SideNavigation
          header={{ text: text.product, href: hrefOf("/") }}
          activeHref={hrefOf(sectionOf(location.pathname))}
          items={SECTIONS}
          onFollow={follow}
        />
      }
      notifications={<Notifications />}
      content={
        <Routes>
          <Route path="/" element={<Navigate to={paths.repositories} replace />} />
          <Route path={paths.repositories} element={<RepositoriesPage />} />
          <Route path={paths.createRepository} element={<CreateRepositoryPage />} />
          <Route path="/edit-repository/*" element={<EditRepositoryPage />} />
          <Route path="/repository/*" element={<RepositoryPage />} />
          <Route path="/image/*" element={<ImagePage />} />
          <Route path={paths.storage} element={<StoragePage />} />
          <Route path={paths.recycleBin} element={<RecycleBinPage />} />
          <Route path={paths.registry} element={<RegistryPage />} />
          <Route path={paths.pins} element={<KeepingPage />} />
          <Route path={paths.events} element={<EventsPage />} />
          <Route path={paths.users} element={<UsersPage />} />
          <Route path="/user/:name" element={<UserPage />} />
          <Route path={paths.groups} element={<GroupsPage />} />
          <Route path="/group/:name" element={<GroupPage />} />
          <Route path={paths.roles} element={<RolesPage />} />
          <Route path="/role/:name" element={<RolePage />} />
          <Route path={paths.createRole} element={<CreateRolePage />} />
          <Route path={paths.policies} element={<PoliciesPage />} />
          <Route path="/policy/*" element={<PolicyPage />} />
          <Route path={paths.createPolicy} element={<CreatePolicyPage />} />
          <Route path={paths.providers} element={<ProvidersPage />} />
          <Route path="/identity-provider/*" element={<ProviderPage />} />
          <Route path={paths.createProvider} element={<CreateProviderPage />} />
          <Route path={paths.sessions} element={<SessionsPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      }
    />
  );
}

function sectionOf(pathname: string): string {
  return WITHIN.find(([beginning]) => pathname.startsWith(beginning))?.[1] ?? pathname;
}

/** What a page is about: the name in its address, or the section it is. */
function titleOf(pathname: string): string {
  const [, , ...rest] = pathname.split("/");
  const section = SECTIONS.find((one) => one.type === "link" && one.href === hrefOf(sectionOf(pathname)));
  return rest.join("/") || (section?.type === "link" ? section.text : text.navigation.repositories);
}
