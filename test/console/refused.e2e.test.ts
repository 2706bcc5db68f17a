import { faultsOnFirstPage } from "./pages/faults.ts";
import { refusedPage } from "./pages/refused.ts";
import { refusedActs } from "./pages/refused-acts.ts";
import { testPages } from "./test-pages.ts";

testPages(refusedPage, refusedActs, faultsOnFirstPage);
