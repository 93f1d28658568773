/** The bar at the top: whose registry this is, where, and the way out. */

import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import { isEndOfSession } from "../api/faults";
import { useSessionState } from "../session/context";
import { endSession } from "../session/exchange";
import { text } from "../text";
import { hrefOf } from "./links";
import { isDark, toggleMode } from "./mode";
import { useNotices } from "./notifications";
import { RegionDialog } from "./region";

export function TopBar(): ReactNode {
  const { session, end } = useSessionState();
  const { tellFailure } = useNotices();
  const navigate = useNavigate();
  const [dark, setDark] = useState(isDark);
  const [isChoosing, setChoosing] = useState(false);

  const signOut = async () => {
    if (session !== null) {
      try {
        await endSession(session);
      } catch (failure) {
        // Forgotten all the same; but whoever has its keys could go on, so it is told.
        if (!isEndOfSession(failure)) {
          tellFailure(failure);
        }
      }
    }
    end();
    navigate("/");
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
        onClick: () => setChoosing(true),
      },
      {
        type: "menu-dropdown",
        text: session.account,
        description: session.arn,
        ariaLabel: text.top.account(session.account),
        iconName: "user-profile",
        items: [{ id: "sign-out", text: text.top.signOut }],
        onItemClick: ({ detail }) => {
          if (detail.id === "sign-out") {
            void signOut();
          }
        },
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
      {isChoosing && session !== null && <RegionDialog onClose={() => setChoosing(false)} />}
    </div>
  );
}
