// Bundles the front end into static/vendor/: styles, behaviours, icons, fonts, licences and manifest.json.
//
// Run by `./dev run`, `./dev test` and the wheel build (hatch_build.py); Deno and Node both can.
// Says nothing and does nothing when no input has changed since the last time.
//
//   static/css/main.css            -> main.css in the manifest (also css/portal.css, for customers' pages, and css/day.css)
//   static/js/app.js               -> app.js
//   static/js/behaviours/<n>.js    -> behaviours/<n>.js; app.js loads them with import(`./behaviours/${n}.js`)
//   static/js/day/worker.js        -> day-worker.js, one classic script; and day-shell.json, the scripts that pages may load
//   static/icons.txt               -> icons.svg, one <symbol id="name"> for each listed Lucide icon
//   Inter, latin and latin-ext     -> inter-latin-wght-normal.woff2 and inter-latin-ext-wght-normal.woff2
//   Inter and Noto Sans (7 scripts) -> fonts/print/ for PDFs, with an index of which letters each file holds: print-fonts.json

import { build } from "esbuild";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = join(here, "vendor");
const fresh = join(here, "vendor.new");
const packages = join(root, "node_modules");
const fonts = ["inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2"];
const fontFolder = join(packages, "@fontsource-variable", "inter", "files");

function filesUnder(folder, wanted) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

const slashed = (path) => path.split(sep).join("/");

function stampOfInputs() {
  const digest = createHash("sha256");
  const inputs = [
    fileURLToPath(import.meta.url),
    join(root, "package.json"),
    join(root, "deno.lock"),
    join(here, "icons.txt"),
    ...filesUnder(join(here, "css"), /./),
    ...filesUnder(join(here, "js"), /\.js$/),
  ];
  for (const path of inputs.filter(existsSync)) {
    digest.update(slashed(relative(root, path)) + "\0").update(readFileSync(path)).update("\0");
  }
  return digest.digest("hex");
}

function hashed(name, content) {
  const dot = name.lastIndexOf(".");
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  return `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
}

function entryPoints() {
  const entries = {};
  for (const name of ["main", "portal", "document", "day"]) {
    const path = join(here, "css", `${name}.css`);
    if (existsSync(path)) entries[name] = path;
  }
  const app = join(here, "js", "app.js");
  if (existsSync(app)) entries.app = app;
  for (const path of filesUnder(join(here, "js", "behaviours"), /\.js$/)) {
    entries[`behaviours/${basename(path, ".js")}`] = path;
  }
  return entries;
}

async function bundle(manifest) {
  const entries = entryPoints();
  if (Object.keys(entries).length === 0) return [];
  const result = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    sourcemap: "linked",
    metafile: true,
    legalComments: "linked",
    entryNames: "[dir]/[name]-[hash]",
    chunkNames: "shared/[name]-[hash]",
    assetNames: "fonts/[name]-[hash]",
    loader: { ".woff2": "file", ".svg": "file" },
    external: ["/static/*"],
    logLevel: "warning",
  });
  for (const [path, made] of Object.entries(result.metafile.outputs)) {
    const name = slashed(relative(fresh, join(root, path)));
    const inputs = Object.keys(made.inputs);
    if (made.entryPoint) {
      const [entry] = Object.entries(entries).find(([, from]) => from === join(root, made.entryPoint));
      manifest[entry + (name.endsWith(".css") ? ".css" : ".js")] = name;
    } else if (name.startsWith("fonts/") && inputs.length === 1) {
      manifest[basename(inputs[0])] = name;
    }
  }
  const scripts = Object.keys(result.metafile.outputs).filter((path) => path.endsWith(".js"));
  await shipWorker(manifest, scripts.map((path) => slashed(relative(fresh, join(root, path)))).sort());
  return Object.keys(result.metafile.inputs);
}

// A service worker is one file; browsers differ in whether it may import others.
async function shipWorker(manifest, scripts) {
  const made = await build({
    absWorkingDir: root,
    entryPoints: [join(here, "js", "day", "worker.js")],
    bundle: true,
    format: "iife",
    target: "es2022",
    minify: true,
    write: false,
    logLevel: "warning",
  });
  for (
    const [name, content] of [["day-worker.js", made.outputFiles[0].text], [
      "day-shell.json",
      JSON.stringify(scripts),
    ]]
  ) {
    manifest[name] = hashed(name, content);
    writeFileSync(join(fresh, manifest[name]), content);
  }
}

function shipFonts(manifest) {
  for (const name of fonts.filter((font) => !(font in manifest))) {
    const from = join(fontFolder, name);
    manifest[name] = `fonts/${hashed(name, readFileSync(from))}`;
    mkdirSync(join(fresh, "fonts"), { recursive: true });
    copyFileSync(from, join(fresh, manifest[name]));
  }
}

// The families of documents, the first that holds a letter prints it; a weight of 0 is a variable font.
function printFamilies() {
  const variable = (subset) => [`inter-${subset}-wght-normal.woff2`, subset];
  const noto = (name, subset, weight) => [`noto-sans-${name}-${subset}-${weight}-normal.woff`, subset];
  const inter = [
    ["Latin", ["latin"]],
    ["Latin Ext", ["latin-ext"]],
    ["Vietnamese", ["vietnamese"]],
    ["Greek", ["greek"]],
    ["Greek Ext", ["greek-ext"]],
    ["Cyrillic", ["cyrillic"]],
    ["Cyrillic Ext", ["cyrillic-ext"]],
  ].map(([family, subsets]) => ["@fontsource-variable/inter", family, 0, subsets.map(variable)]);
  // A script in one file, or in as many as there are numbered ranges.
  const script = (name, family) => {
    const subsets = Object.keys(unicodeRanges(`@fontsource/noto-sans-${name}`));
    const numbered = subsets.filter((key) => key.startsWith("["));
    return [400, 600].map((weight) => [
      `@fontsource/noto-sans-${name}`,
      family,
      weight,
      (numbered.length ? numbered : [name]).map((key) => [
        noto(name, key.replace(/[[\]]/g, ""), weight)[0],
        key,
      ]),
    ]);
  };
  return [
    ...inter,
    ...script("arabic", "Arabic"),
    ...script("hebrew", "Hebrew"),
    ...script("thai", "Thai"),
    ...script("jp", "Japanese"),
    ...script("kr", "Korean"),
    ...script("sc", "Chinese"),
  ];
}

function unicodeRanges(name) {
  return JSON.parse(readFileSync(join(packages, name, "unicode.json"), "utf8"));
}

function spans(text) {
  return text.split(",").map((part) => {
    const [first, last] = part.trim().replace("U+", "").split("-").map((code) => parseInt(code, 16));
    return [first, last ?? first];
  });
}

function shipPrintFonts(manifest) {
  const folder = join(fresh, "fonts", "print");
  mkdirSync(folder, { recursive: true });
  const digest = createHash("sha256");
  const faces = printFamilies().map(([name, family, weight, files]) => ({
    family: `Concierge ${family}`,
    weight,
    parts: files.map(([file, subset]) => {
      const data = readFileSync(join(packages, name, "files", file));
      digest.update(data);
      writeFileSync(join(folder, file), data);
      return { file, ranges: spans(unicodeRanges(name)[subset]) };
    }),
  }));
  const index = JSON.stringify({ version: digest.digest("hex"), faces });
  manifest["print-fonts.json"] = `fonts/print/${hashed("print-fonts.json", index)}`;
  writeFileSync(join(fresh, manifest["print-fonts.json"]), index);
}

function sprite(manifest) {
  const list = join(here, "icons.txt");
  const names = existsSync(list)
    ? readFileSync(list, "utf8").split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean)
    : [];
  const symbols = [...new Set(names)].sort().map((name) => {
    const path = join(packages, "lucide-static", "icons", `${name}.svg`);
    if (!existsSync(path)) {
      throw new Error(`static/icons.txt: Lucide has no icon "${name}". Take a name from lucide.dev.`);
    }
    const drawing = readFileSync(path, "utf8").replace(/<!--.*?-->/gs, "").match(/<svg[^>]*>(.*)<\/svg>/s)[1];
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
      `stroke-linecap="round" stroke-linejoin="round">${drawing.replace(/\s*\n\s*/g, "")}</symbol>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
  manifest["icons.svg"] = hashed("icons.svg", svg);
  writeFileSync(join(fresh, manifest["icons.svg"]), svg);
}

function licences(inputs) {
  const used = new Set([
    "lucide-static",
    "@fontsource-variable/inter",
    ...["arabic", "hebrew", "thai", "jp", "kr", "sc"].map((name) => `@fontsource/noto-sans-${name}`),
  ]);
  for (const path of inputs) {
    const match = slashed(path).match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (match) used.add(match[1]);
  }
  const parts = [...used].sort().map((name) => {
    const folder = join(packages, name);
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file
      ? readFileSync(join(folder, file), "utf8").trim()
      : "The package carries no licence text.";
    return `${about.name} ${about.version} (${about.license})\n${"=".repeat(60)}\n${text}\n`;
  });
  writeFileSync(join(fresh, "licences.txt"), parts.join("\n\n"));
}

const stamp = stampOfInputs();
const stampFile = join(out, ".stamp");
if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) process.exit(0);

rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
const manifest = {};
try {
  const inputs = await bundle(manifest);
  shipFonts(manifest);
  shipPrintFonts(manifest);
  sprite(manifest);
  licences(inputs);
} catch (problem) {
  rmSync(fresh, { recursive: true, force: true });
  console.error(
    problem.errors
      ? `The front end was not bundled: ${problem.errors.length} error(s) above.`
      : problem.message,
  );
  process.exit(1);
}
const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(join(fresh, "manifest.json"), JSON.stringify(sorted, null, 2) + "\n");
writeFileSync(join(fresh, ".stamp"), stamp);
rmSync(out, { recursive: true, force: true });
renameSync(fresh, out);
console.log(`Bundled ${Object.keys(manifest).length} files into static/vendor/`);
process.exit(0);
