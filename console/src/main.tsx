/** Where the page begins. */

import "@cloudscape-design/global-styles/index.css";
import "./style.css";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { noteFailure } from "./api/endings";
import { SessionProvider } from "./session/context";
import { App } from "./shell/app";
import { followMode } from "./shell/mode";
import { NotificationProvider } from "./shell/notifications";

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: noteFailure }),
  mutationCache: new MutationCache({
    // What signs with other keys than the session's says nothing about the session.
    onError: (failure, _variables, _result, mutation) => {
      if (!mutation.meta?.signsWithOtherKeys) {
        noteFailure(failure);
      }
    },
  }),
  // The SDK tries again where that helps.
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, networkMode: "always" } },
});

followMode();
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <I18nProvider locale="en" messages={[messages]}>
        <QueryClientProvider client={queries}>
          <BrowserRouter basename="/console">
            <SessionProvider>
              <NotificationProvider>
                <App />
              </NotificationProvider>
            </SessionProvider>
          </BrowserRouter>
        </QueryClientProvider>
      </I18nProvider>
    </StrictMode>,
  );
}
