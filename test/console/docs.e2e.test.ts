import { docPages } from "./pages/docs.ts";
import { testPages } from "./test-pages.ts";

testPages(docPages);
