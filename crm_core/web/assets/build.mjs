// Bundles what the pages bring to the browser: `node build.mjs OUT [ISLANDS]`.
// OUT gets each bundle minified under a name that holds its hash, beside it .gz and .br for whoever takes them,
// manifest.json (logical name -> file, sha384), icons.json (name -> what stands inside <svg>) and LICENSES.txt.
// ISLANDS: another folder of islands, bundled alone (the tests have some of their own).
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const out = resolve(process.argv[2] ?? join(here, "../static/built"));
const islands = resolve(process.argv[3] ?? join(here, "../islands"));
const ours = process.argv[3] === undefined;

// What pages take as it comes. Bundled by name so that the list of third-party files is this one.
const THIRD_PARTY = {
  "tabler": "@tabler/core/dist/css/tabler.css",
  "tabler.rtl": "@tabler/core/dist/css/tabler.rtl.css",
  "uplot": "uplot/dist/uPlot.min.css",
};
// Whatever reaches a browser carries one of these; they ask for a notice at most.
const FREE = new Set(["0BSD", "Apache-2.0", "BSD-0-Clause", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"]);

// One island, one entry; a name with an underscore is a part of the island before it.
const islandEntries = readdirSync(islands)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts") && !name.includes("_"))
  .map((name) => ({ in: join(islands, name), out: basename(name, ".ts") }));
const styles = ours ? Object.entries(THIRD_PARTY).map(([name, path]) => ({ in: join(modules, path), out: name })) : [];

mkdirSync(out, { recursive: true });
const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  metafile: true,
  write: false,
  outdir: out,
  entryNames: "[name]-[hash]",
  target: ["chrome120", "firefox121", "safari17"],
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
  nodePaths: [modules],
  loader: { ".svg": "text" },
  plugins: [
    { name: "no inline style", setup: (build) => build.onLoad({ filter: /wavesurfer\.esm\.js$/ }, sheetAsTemplate) },
  ],
  define: { "process.env.NODE_ENV": '"production"' },
};
const results = await Promise.all([
  esbuild.build({ ...shared, entryPoints: islandEntries, format: "esm" }),
  ...(styles.length ? [esbuild.build({ ...shared, entryPoints: styles })] : []),
]);

const manifest = {};
const packages = new Set(ours ? ["@tabler/icons"] : []);
for (const { metafile, outputFiles } of results) {
  for (const { path, contents } of outputFiles) {
    const file = basename(path);
    const about = Object.entries(metafile.outputs).find(([name]) => basename(name) === file)[1];
    const sri = "sha384-" + createHash("sha384").update(contents).digest("base64");
    manifest[file.replace(/-[A-Z0-9]{8}(\.\w+)$/, "$1")] = { file, sri };
    for (const input of Object.keys(about.inputs)) packages.add(packageOf(input));
    keep(file, contents);
    keep(file + ".gz", gzipSync(contents, { level: 9 }));
    const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    keep(file + ".br", brotliCompressSync(contents, { params: quality }));
  }
}
packages.delete(null);
keep("LICENSES.txt", [...packages].sort().map(licence).join("\n\n" + "=".repeat(78) + "\n\n") + "\n");
if (ours) keep("icons.json", JSON.stringify(icons()));
keep("manifest.json", JSON.stringify(Object.fromEntries(Object.entries(manifest).sort()), null, 1) + "\n");
removeOld();

/** wavesurfer writes its sheet as <style>, which our policy forbids; player_wave.ts takes it from a <template>. */
function sheetAsTemplate({ path }) {
  const source = readFileSync(path, "utf8");
  const parts = source.split(/<style|<\/style>/);
  if (parts.length !== 3) throw new Error(`${path}: expected one <style>, look at it anew`);
  return { contents: `${parts[0]}<template data-sheet${parts[1]}</template>${parts[2]}`, loader: "js" };
}

/** Whole or not at all: a page may be asking for it at this moment. */
function keep(file, contents) {
  const path = join(out, file);
  if (existsSync(path) && /-[A-Z0-9]{8}\./.test(file)) return;
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

function removeOld() {
  const kept = new Set(Object.values(manifest).map(({ file }) => file));
  for (const file of readdirSync(out)) {
    if (/-[A-Z0-9]{8}\./.test(file) && !kept.has(file.replace(/\.(gz|br)$/, ""))) rmSync(join(out, file));
  }
}

function packageOf(input) {
  return input.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? null;
}

/** The notice of a package; stops the build where it is none of the free ones. */
function licence(name) {
  const about = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  if (!FREE.has(about.license)) throw new Error(`${name} is under ${about.license}: not to be sent to browsers`);
  const body = readdirSync(join(modules, name), { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile() && /(^|licenses\/)(licen[cs]e|notice)[^/]*$/i.test(pathWithin(name, file)))
    .map((file) => readFileSync(join(modules, name, pathWithin(name, file)), "utf8").trim())
    .join("\n\n");
  return `${name} ${about.version} (${about.license})\n\n${body || header(name, about)}`;
}

function pathWithin(name, file) {
  return relative(join(modules, name), join(file.parentPath ?? file.path, file.name));
}

/** What a package without a licence file says of itself at the head of its own code. */
function header(name, about) {
  const said = readFileSync(join(modules, name, about.module ?? about.main), "utf8").match(/^\/\*!([\s\S]*?)\*\//)?.[1];
  if (!said) throw new Error(`${name} brings no licence text`);
  return said.replace(/^ *\* ?/gm, "").trim();
}

/** Every outline icon, and the filled ones under NAME-filled, as what stands inside <svg>. */
function icons() {
  const found = {};
  for (const [kind, suffix] of [["outline", ""], ["filled", "-filled"]]) {
    const nodes = JSON.parse(readFileSync(join(modules, `@tabler/icons/tabler-nodes-${kind}.json`), "utf8"));
    for (const [name, children] of Object.entries(nodes)) {
      found[name + suffix] = children.map(([tag, attributes]) => `<${tag}${written(attributes)}/>`).join("");
    }
  }
  return found;
}

function written(attributes) {
  return Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`).join("");
}
