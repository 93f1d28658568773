/**
 * Writes the types of Entrepot's own service, from the model that the server and every other client read:
 * `generated/entrepot.ts`, with a type for each shape and `Operations`. Only the type checker needs it.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const MODEL = "../src/entrepot/services/entrepot/data/entrepot/2026-11-25/service-2.json";
const { operations, shapes } = JSON.parse(readFileSync(new URL(MODEL, import.meta.url), "utf8"));
const SIMPLE = { boolean: "boolean", blob: "string", double: "number", float: "number", integer: "number" };

function typeOf(shape) {
  switch (shape.type) {
    case "structure":
      return structure(shape);
    case "list":
      return `${shape.member.shape}[]`;
    case "map":
      return `Record<string, ${shape.value.shape}>`;
    case "long":
      return "number";
    case "timestamp":
      return "number";
    case "string":
      return shape.enum?.map((one) => JSON.stringify(one)).join(" | ") ?? "string";
    default:
      return SIMPLE[shape.type];
  }
}

function structure({ members = {}, required = [] }) {
  const lines = Object.entries(members).map(
    ([name, member]) => `  ${told(member)}${name}${required.includes(name) ? "" : "?"}: ${member.shape};`,
  );
  return lines.length === 0 ? "Record<string, never>" : `{\n${lines.join("\n")}\n}`;
}

function told({ documentation }) {
  return documentation === undefined ? "" : `/** ${documentation.replace(/<[^>]+>/g, "")} */ `;
}

const types = Object.entries(shapes)
  .filter(([, shape]) => !shape.exception)
  .map(([name, shape]) => {
    const moment = shape.type === "timestamp" ? "/** Seconds since 1970. */ " : told(shape);
    return `${moment}export type ${name} = ${typeOf(shape)};\n`;
  });
const offered = Object.entries(operations).map(
  ([name, { input, output }]) => `  ${name}: { input: ${input.shape}; output: ${output.shape} };`,
);
const folder = new URL("generated/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(
  new URL("entrepot.ts", folder),
  `${types.join("\n")}\nexport interface Operations {\n${offered.join("\n")}\n}\n`,
);
