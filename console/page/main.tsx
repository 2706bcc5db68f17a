import "./styles.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { start } from "./router.ts";

start();
const root = document.getElementById("page");
if (root !== null) render(<App />, root);
