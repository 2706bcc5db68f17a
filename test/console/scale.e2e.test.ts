import { scalePages } from "./pages/scale.ts";
import { testPages } from "./test-pages.ts";

testPages(scalePages);
