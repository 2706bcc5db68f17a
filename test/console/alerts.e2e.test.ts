import { alertTests } from "./pages/alerts.ts";
import { auditTests } from "./pages/audit.ts";
import { ruleTests } from "./pages/rules.ts";
import { testPages } from "./test-pages.ts";

testPages(alertTests, ruleTests, auditTests);
