/** What was done, or failed, told above every page until it is dismissed. */

import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { faultOf } from "../api/faults";
import { text } from "../text";
import { FaultText } from "./fault";

interface Notices {
  tellSuccess: (message: string) => void;
  tellFailure: (failure: unknown) => void;
}

const NoticesContext = createContext<Notices | null>(null);
const ItemsContext = createContext<FlashbarProps.MessageDefinition[]>([]);
let count = 0;

export function NotificationProvider({ children }: { children: ReactNode }): ReactNode {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const tell = useCallback((item: FlashbarProps.MessageDefinition) => {
    count += 1;
    const id = String(count);
    const onDismiss = () => setItems((before) => before.filter((one) => one.id !== id));
    const labelled = { ...item, id, onDismiss, dismissible: true, dismissLabel: text.dismiss };
    setItems((before) => [labelled, ...before].slice(0, 5));
  }, []);
  const notices = useMemo<Notices>(
    () => ({
      tellSuccess: (message) => tell({ type: "success", content: message }),
      tellFailure: (failure) => {
        const fault = faultOf(failure);
        tell({ type: "error", header: fault.code, content: <FaultText fault={fault} /> });
      },
    }),
    [tell],
  );
  return (
    <NoticesContext value={notices}>
      <ItemsContext value={items}>{children}</ItemsContext>
    </NoticesContext>
  );
}

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (notices === null) {
    throw new Error("outside of the NotificationProvider");
  }
  return notices;
}

export function Notifications(): ReactNode {
  return <Flashbar items={useContext(ItemsContext)} stackItems />;
}
