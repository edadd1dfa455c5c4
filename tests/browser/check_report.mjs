// Opens a report in headless Chromium at three sizes and fails on anything that a reader could stumble over.
//
//   node check_report.mjs REPORT.html [FOLDER]
//
// Checked: no request, no message on the console, no error; no content wider than the page; no label outside its
// picture; no violation that axe-core finds; markup by html-validate and by the Nu HTML Checker where Java is there.
// With FOLDER, screenshots (colour and grey) and the printed PDF are written there to be looked at.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HtmlValidate } from "html-validate";
import puppeteer from "puppeteer-core";

const SIZES = {
  phone: { width: 360, height: 800, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  laptop: { width: 1366, height: 768, deviceScaleFactor: 1 },
};
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const LARGEST = 3_000_000; // bytes of a report without plotly

const [report, folder] = process.argv.slice(2);
if (!report) {
  console.error("usage: node check_report.mjs REPORT.html [FOLDER]");
  process.exit(2);
}
const require = createRequire(import.meta.url);
const html = readFileSync(report, "utf8");
const scripted = html.includes("<script");
const problems = [];
const say = (where, what) => problems.push(`${where}: ${what}`);
if (folder) mkdirSync(folder, { recursive: true });

if (!scripted && statSync(report).size > LARGEST) say("size", `${statSync(report).size} bytes`);

const executablePath = process.env.CHROMIUM ?? BROWSERS.find(existsSync);
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--force-color-profile=srgb"] });
for (const [name, viewport] of Object.entries(SIZES)) {
  const page = await browser.newPage();
  await page.setViewport(viewport);
  page.on("console", (message) => say(name, `console ${message.type()}: ${message.text().slice(0, 200)}`));
  page.on("pageerror", (error) => say(name, `error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("file:") && !url.startsWith("data:") && !url.startsWith("blob:")) say(name, `request: ${url}`);
    else if (url.startsWith("file:") && !request.isNavigationRequest()) say(name, `request: ${url}`);
  });
  await page.goto(pathToFileURL(resolve(report)).href, { waitUntil: "networkidle0" });
  for (const text of await page.evaluate(tooWide)) say(name, text);
  for (const text of await page.evaluate(clipped)) say(name, text);
  if (folder) {
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    await page.addStyleTag({ content: "html { filter: grayscale(1) }" }).catch(() => undefined);
    await page.evaluate(() => (document.documentElement.style.filter = "grayscale(1)"));
    await page.screenshot({ path: join(folder, `${name}-grey.png`), fullPage: true });
    await page.evaluate(() => (document.documentElement.style.filter = ""));
  }
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  for (const text of await page.evaluate(tooWide)) say(`${name}, all open`, text);
  // The page's own policy lets no script in: axe-core comes by the debugger, in a world of its own.
  const world = page.mainFrame().isolatedRealm();
  await world.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const found = await world.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations", "incomplete"] }));
  for (const violation of found.violations) {
    const where = violation.nodes.slice(0, 3).map((node) => node.target.join(" "));
    say(`${name}, axe`, `${violation.id} (${violation.impact}), ${violation.nodes.length} times: ${where.join("; ")}`);
  }
  console.log(
    `${name}: axe-core ${found.passes.length} rules passed, ${found.violations.length} violated, ` +
      `${found.incomplete.length} undecided (${found.incomplete.map(undecided).join(", ")})`,
  );
  await page.close();
}
if (folder) {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.pdf({ path: join(folder, "print.pdf"), format: "A4", preferCSSPageSize: true });
}
await browser.close();

const validator = new HtmlValidate({ extends: ["html-validate:recommended"], rules: RULES() });
const checked = await validator.validateString(html.replaceAll(/<svg[\s\S]*?<\/svg>/g, ""));
for (const result of checked.results) {
  for (const message of result.messages.slice(0, 20)) {
    say("html-validate", `${message.ruleId}, line ${message.line}: ${message.message}`);
  }
}
console.log(`html-validate: ${checked.errorCount} errors, ${checked.warningCount} warnings`);

const nu = join(dirname(require.resolve("vnu-jar")), "build", "dist", "vnu.jar");
if (spawnSync("java", ["-version"]).status === 0 && existsSync(nu)) {
  const done = spawnSync("java", ["-Xss4m", "-jar", nu, "--format", "text", report], { encoding: "utf8" });
  // It takes plotly for a script that the policy keeps out; the browsers above let it in, or it would have been said.
  const known = /No errors found\.$|Inline script violates Content Security Policy|^From line \d+, column \d+; to line \d+, column 8 /;
  const lines = done.stderr.split("\n").filter((line) => line && !known.test(line));
  for (const line of lines.slice(0, 20)) say("Nu HTML Checker", line);
  console.log(`Nu HTML Checker: ${lines.length} messages`);
} else {
  console.log("Nu HTML Checker: left out, it needs Java");
}

for (const problem of problems) console.error(problem);
console.log(problems.length ? `${problems.length} problems` : "no problems");
process.exitCode = problems.length ? 1 : 0;

function RULES() {
  return {
    "no-inline-style": "off", // matplotlib sets them in its SVG
    "long-title": "off", // the scenario's title is its author's
    "no-trailing-whitespace": "off",
  };
}

function undecided(rule) {
  return `${rule.id} for ${rule.nodes.length}, as ${rule.nodes[0].target} (${rule.nodes[0].any[0]?.message})`;
}

function tooWide() {
  const width = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const element of document.querySelectorAll("main *")) {
    if (element.closest(".scroll, svg svg, .plotly") || element.closest("svg") !== null) continue;
    const box = element.getBoundingClientRect();
    if (box.right > width + 1) found.push(`<${element.tagName.toLowerCase()}> ends at ${Math.round(box.right)} of ${width}`);
  }
  return found.slice(0, 5);
}

function clipped() {
  const found = [];
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      const outside = box.left < frame.left - 1 || box.right > frame.right + 1;
      const room = box.height / 4; // the box is that of the font, which is higher than its figures
      if (outside || box.top < frame.top - room || box.bottom > frame.bottom + room) {
        found.push(`clipped in ${svg.closest("figure")?.id}: ${text.textContent.replaceAll(/\s+/g, " ").trim()}`);
      }
    }
  }
  return found;
}
