/**
 * `npm run test:web [-- arguments for Vitest]`: installs Chromium and Firefox from Debian's packages where they
 * are missing (as root), then has both use the page that `npm run web:build` left in web/dist.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { installDebian, runVitest } from "../../commands.js";

process.chdir(fileURLToPath(new URL("../../..", import.meta.url)));
installDebian(["chromium", "firefox-esr"]);
runVitest("test/web/e2e/vitest.config.ts", process.argv.slice(2));
