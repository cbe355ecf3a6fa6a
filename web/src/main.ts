import { mountExplanation } from "./explanation.ts";
import { mountGates } from "./gates.ts";
import { mountGradient } from "./gradient.ts";
import { firstLanguage, firstTheme, mountHeader } from "./header.ts";
import { Page } from "./page.ts";

const page = new Page({ language: firstLanguage(), theme: firstTheme() });
const section = (id: string) => document.getElementById(id)!; // in index.html

mountHeader(section("header"), page);
mountGates(section("gates"), page);
mountGradient(section("gradient"), page);
mountExplanation(section("explanation"), page);
