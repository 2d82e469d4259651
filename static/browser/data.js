"use strict";
// The one-file browser: benefits/export/one_file.py puts these scripts into one HTML file with all
// the data. This one reads the data.
// The address after # names the view and what is asked, so that a view can be bookmarked, gone back
// to and sent. Nothing is written as HTML text: h() makes elements.

const h = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  const absent = (value) => value === undefined || value === null || value === false;
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (!absent(value)) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => !absent(child)));
  return element;
};
const $ = (selector) => document.querySelector(selector);
const count = (n, one, many = one + "s") => `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
// The part of an address after # names the view, so a link within a view moves the focus itself.
const to = (event, id) => {
  event.preventDefault();
  document.getElementById(id).focus();
};
const hash = (path, params = {}) => {
  const given = Object.entries(params).filter(([, value]) => value);
  const query = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#${path.map(encodeURIComponent).join("/")}${query}`;
};

let about, keys, tables, answers; // keys: column -> the table it is the key of
let described, fields, codes, found; // of each table: description, columns, labels of codes, rows
const label = {}; // of each record of each table

async function read() {
  const bytes = Uint8Array.from(atob($("#data").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const held = await new Response(stream).json();
  const rows = (columns) => {
    const names = Object.keys(columns);
    const cell = (name, i) => columns[name][0][columns[name][1][i]];
    return (columns[names[0]]?.[1] ?? []).map((_, i) =>
      Object.fromEntries(names.map((n) => [n, cell(n, i)])),
    );
  };
  const each = (packed) =>
    Object.fromEntries(Object.entries(packed).map(([name, columns]) => [name, rows(columns)]));
  [about, keys, tables, answers] = [held.about, held.keys, each(held.tables), each(held.answers)];
  described = new Map(tables.dataset_tables.map((t) => [t.table, t]));
  fields = Object.groupBy(tables.dataset_fields, (f) => f.table);
  codes = Object.fromEntries(
    tables.dataset_codes.map((c) => [[c.table, c.field, c.code].join(), c.label]),
  );
  found = Object.fromEntries(
    Object.entries(keys).map(([key, table]) => [
      table,
      new Map(tables[table].map((r) => [r[key], r])),
    ]),
  );
  for (const r of tables.records) (label[r.table] ??= {})[r.record] = r.label;
  tables.populations_by_age = [...tables.populations]
    .reverse()
    .sort((a, b) => (a.age_floor ?? 99) - (b.age_floor ?? 99));
}

// The one rule of time: a period holds from its first day on, and no longer on its last.
const holds = (from, to, day) => from <= day && (to === null || day < to);
const isDay = (text) => {
  const at = new Date(`${text}T00:00:00Z`);
  return (
    /^\d{4}-/.test(text) && text > "0001" && !isNaN(at) && at.toISOString().slice(0, 10) === text
  );
};
const day = (text, precision = "day") =>
  new Date(`${text}T00:00:00Z`).toLocaleDateString("en-GB", {
    timeZone: "UTC",
    year: "numeric",
    month: precision === "year" ? undefined : "long",
    day: precision === "day" ? "numeric" : undefined,
  });
const dayBefore = (text) =>
  new Date(Date.parse(`${text}T00:00:00Z`) - 864e5).toISOString().slice(0, 10);
const period = (row) => {
  if (!row.valid_from) return "";
  const first = day(row.valid_from, row.valid_from_precision ?? "day");
  return row.valid_to ? `${first} through ${day(dayBefore(row.valid_to))}` : `Since ${first}`;
};

// What a row is about, for the filters: a citation is about what its record is about, a rule about
// the place of its program.
function subject(row) {
  const record = found[row.table]?.get(row.record);
  if (record) return subject(record);
  return {
    jurisdiction: row.jurisdiction ?? found.programs.get(row.program)?.jurisdiction,
    population: row.population,
    from: row.valid_from,
    to: row.valid_to,
  };
}
const fits = (row, asked) => {
  const { jurisdiction, population, from, to } = subject(row);
  return (
    (!asked.jurisdiction || jurisdiction === asked.jurisdiction) &&
    (!asked.population || population === asked.population) &&
    (!asked.as_of || !from || holds(from, to, asked.as_of))
  );
};

const keyOf = (table) => Object.keys(keys).find((key) => keys[key] === table);
const titleOf = (table) => described.get(table).title;
const labelOf = (table, row) =>
  table === "citations"
    ? `${found.sources.get(row.source).title}, ${row.locator}`
    : (label[table]?.[row[keyOf(table)]] ?? Object.values(row).slice(0, 4).join(", "));
const wordsFor = (table, field, value) =>
  codes[[table, field, value]] ??
  (keys[field] && keys[field] !== table ? label[keys[field]]?.[value] : undefined);

// As sql/queries/search.sql: a row is found if its words begin with all the words asked for.
// Accents make no difference.
const plain = (text) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
const plainRows = new WeakMap();
function says(table, row, words) {
  if (!plainRows.has(row)) {
    plainRows.set(row, ` ${plain([labelOf(table, row), ...Object.values(row)].join(" "))}`);
  }
  return words.every((word) => plainRows.get(row).includes(` ${word}`));
}
const wordsOf = (text) =>
  plain(text ?? "")
    .split(" ")
    .filter(Boolean);
