/** The bar at the top: whose registry this is, where, and the way out. */

import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { isEndOfSession } from "../api/faults";
import { paths } from "../paths";
import { useSessionState } from "../session/context";
import { AddSessionDialog, SwitchRoleDialog } from "../session/dialogs";
import { endSession } from "../session/exchange";
import { type Session, tellWho } from "../session/session";
import { text } from "../text";
import { hrefOf } from "./links";
import { isDark, toggleMode } from "./mode";
import { useNotices } from "./notifications";
import { RegionDialog } from "./region";

type Dialog = "region" | "role" | "add";
/** What the id of a menu entry begins with that goes on with another session. */
const OTHER = "other-";

export function TopBar(): ReactNode {
  const { session, others, end, endAll, switchTo } = useSessionState();
  const { tellFailure } = useNotices();
  const navigate = useNavigate();
  const [dark, setDark] = useState(isDark);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);

  const signOut = async (sessions: Session[], leave: () => void) => {
    for (const one of sessions) {
      try {
        await endSession(one);
      } catch (failure) {
        // Forgotten all the same; but whoever has its keys could go on, so it is told.
        if (!isEndOfSession(failure)) {
          tellFailure(failure);
        }
      }
    }
    leave();
    navigate("/");
  };
  const choose = (id: string, current: Session) => {
    const other = others.find((one) => OTHER + one.accessKeyId === id);
    if (other !== undefined) {
      switchTo(other);
      navigate(paths.repositories);
    } else if (id === "sign-out") {
      void signOut([current], end);
    } else if (id === "end-all") {
      void signOut([...others, current], endAll);
    } else {
      setDialog(id as Dialog);
    }
  };

  const utilities: TopNavigationProps.Utility[] = [
    {
      type: "button",
      text: dark ? text.top.light : text.top.dark,
      onClick: () => {
        toggleMode();
        setDark(isDark());
      },
    },
  ];
  if (session !== null) {
    utilities.push(
      {
        type: "button",
        text: session.region,
        ariaLabel: text.top.region(session.region),
        iconName: "globe",
        onClick: () => setDialog("region"),
      },
      {
        type: "menu-dropdown",
        text: session.account,
        description: session.arn,
        ariaLabel: text.top.account(session.account),
        iconName: "user-profile",
        items: menuOf(others),
        onItemClick: ({ detail }) => choose(detail.id, session),
      },
    );
  }
  return (
    <div id="top">
      <TopNavigation
        identity={{
          href: hrefOf("/"),
          title: text.product,
          onFollow: (event) => {
            event.preventDefault();
            navigate("/");
          },
        }}
        utilities={utilities}
      />
      {session !== null && dialog === "region" && <RegionDialog onClose={close} />}
      {session !== null && dialog === "role" && <SwitchRoleDialog onClose={close} />}
      {session !== null && dialog === "add" && <AddSessionDialog onClose={close} />}
    </div>
  );
}

function menuOf(others: readonly Session[]): TopNavigationProps.MenuDropdownUtility["items"] {
  return [
    { id: "role", text: text.switching.role },
    { id: "add", text: text.switching.add },
    ...(others.length === 0
      ? []
      : [
          {
            id: "others",
            text: text.switching.menu,
            items: others.map((one) => ({
              id: OTHER + one.accessKeyId,
              text: text.switching.as(one.account, tellWho(one)),
            })),
          },
          { id: "end-all", text: text.switching.endAll },
        ]),
    { id: "sign-out", text: text.top.signOut },
  ];
}
