import { docPages } from "./pages/docs.ts";
import { mapTests } from "./pages/map.ts";
import { testPages } from "./test-pages.ts";

testPages(mapTests, docPages);
