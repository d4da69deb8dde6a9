// Fills in a form with pdf.js and saves it: deno run … pdfjs_filler.mjs IN OUT, values as JSON on standard input.

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

const [before, after] = process.argv.slice(2);
const values = JSON.parse(readFileSync(0, "utf8"));
const pdf = await getDocument({ data: new Uint8Array(readFileSync(before)), verbosity: 0 }).promise;
const fields = await pdf.getFieldObjects();
for (const [name, value] of Object.entries(values)) {
  if (!(name in fields)) throw new Error(`no field ${name}`);
  for (const widget of fields[name].filter((one) => one.id)) {
    const isButton = ["radiobutton", "checkbox"].includes(widget.type);
    pdf.annotationStorage.setValue(widget.id, { value: isButton ? widget.exportValues === value : value });
  }
}
writeFileSync(after, await pdf.saveDocument());
await pdf.destroy();
