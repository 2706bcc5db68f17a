import { firstPage } from "./pages/first.ts";
import { testLive } from "./pages/live.ts";
import { testPages } from "./test-pages.ts";

testPages(firstPage, testLive);
