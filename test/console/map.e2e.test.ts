import { mapTests } from "./pages/map.ts";
import { testPages } from "./test-pages.ts";

testPages(mapTests);
