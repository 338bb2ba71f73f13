import { focusFirst } from "./focus.js";

// esbuild puts both files into one.
document.addEventListener("DOMContentLoaded", () => focusFirst(document.forms[0]));
