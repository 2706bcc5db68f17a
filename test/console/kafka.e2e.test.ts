import { connectorPages } from "./pages/connectors.ts";
import { kafkaPages } from "./pages/kafka.ts";
import { schemaPages } from "./pages/schemas.ts";
import { testPages } from "./test-pages.ts";

testPages(kafkaPages, connectorPages, schemaPages);
