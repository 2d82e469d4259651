"use strict";
// The one-file browser: benefits/export/one_file.py puts this into one HTML file with all the data.
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

// ---- the data ----------------------------------------------------------------------------------

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

// ---- parts of a page ---------------------------------------------------------------------------

const link = (table, key, ...text) => h("a", { href: hash(["record", table, key]) }, text);
const hidden = (text) => h("span", { class: "visually-hidden" }, text);
const evidence = (table, key) => link(table, key, "Evidence", hidden(` for ${key}`));
const out = (url, text = url) =>
  /^https?:/.test(url) ? h("a", { href: url, rel: "noreferrer" }, text) : text;
const prose = (text) =>
  text.split("`").map((part, i) => (i % 2 ? h("code", null, part) : part));

const NAMES = {
  as_of: "On the day",
  q: "Words",
  jurisdiction: "Jurisdiction",
  population: "Population",
  court_case: "Case",
  data_element: "Data",
  person_class: "People",
};

// A control is {name, title, choices}: [value, label] pairs of a list, or no choices for a day or
// words.
const control = (name) => ({ name, title: NAMES[name], choices: keys[name] && choicesOf(name) });
const choicesOf = (key) =>
  key === "population"
    ? tables.populations_by_age.map((p) => [p.population, p.label])
    : tables[keys[key]]
        .map((r) => [r[key], label[keys[key]][r[key]]])
        .sort((a, b) => (a[1] < b[1] ? -1 : 1));

function field({ name, title, choices }, value) {
  const id = `f-${name}`;
  const kind =
    name === "as_of"
      ? {
          type: "date",
          value: isDay(value) ? value : null,
          min: "0001-01-01",
          max: "9999-12-31",
        }
      : { type: "search", value, maxlength: 100 };
  const input = choices
    ? h(
        "select",
        { id, name },
        h("option", { value: "" }, "All"),
        choices.map(([code, text]) =>
          h("option", { value: code, selected: code === value ? "" : null }, text),
        ),
      )
    : h("input", { id, name, ...kind });
  return h("div", null, h("label", { for: id }, title), input);
}

// Sentences on what cannot be answered: no answer is better than an answer to another question.
const refusals = (controls, asked) =>
  controls
    .filter((c) => asked[c.name])
    .flatMap(({ name, title, choices }) => {
      const value = asked[name];
      if (choices) {
        if (choices.some(([code]) => code === value)) return [];
        return [`${title}: “${value}” is not one of the list.`];
      }
      if (name !== "as_of" || isDay(value)) return [];
      return [`${title}: “${value}” is not a day of the calendar, as in 2025-07-01.`];
    });

// CSV as in data/: UTF-8, LF, quotes only where needed. A cell that a spreadsheet would take for a
// formula gets an apostrophe.
function csv(columns, rows) {
  const cell = (value) => {
    let text = String(value ?? "");
    if (/^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map((row) => columns.map((c) => row[c]))]
    .map((cells) => `${cells.map(cell).join()}\n`)
    .join("");
}
function save(name, text) {
  const file = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  h("a", { href: file, download: `${name.replace(/[^\w.-]+/g, "_")}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60000);
}

// A list or table of any length: the first rows, and a button for more.
function growing(parent, items, make, step = 100) {
  let shown = 0;
  const more = h("button", { type: "button", class: "further", onclick: () => add(step * 5) });
  const add = (n) => {
    parent.append(...items.slice(shown, shown + n).map(make));
    shown = Math.min(shown + n, items.length);
    const [now, all] = [shown, items.length].map((number) => number.toLocaleString("en-US"));
    more.textContent = `Show more (${now} of ${all} are shown)`;
    more.hidden = shown === items.length;
  };
  add(step);
  return more;
}

// ---- answers -----------------------------------------------------------------------------------

const STATES = {
  open: "Open",
  capped: "Open up to a cap",
  closed: "Closed to new applicants",
  premium: "Help with premiums only",
  partial: "Some kinds of care only",
  none: "None",
  unknown: "Could not confirm",
};
const LESS_THAN_COVERAGE = { premium_subsidy: "premium", partial: "partial" };
const STATUS = {
  enjoined: "Enjoined",
  permitted: "Permitted",
  unclear: "Unclear",
  not_restricted_by_this_case: "Not restricted by this case",
};
const shape = (state, text) => h("span", { class: `state state-${state}` }, text);

// The state of a jurisdiction and group: that of the most open row regardless of status.
const anyStatus = (row) => row.status_scope === null || row.status_scope === "any_status";
function stateOfRow(r) {
  if (!r.program) return r.finding === "none" ? "none" : "unknown";
  return (
    LESS_THAN_COVERAGE[r.benefit_scope] ??
    (r.enrollment === "closed_to_new" ? "closed" : r.enrollment)
  );
}
const isReduced = (rows, state) =>
  rows
    .filter((r) => anyStatus(r) && stateOfRow(r) === state)
    .every((r) => r.benefit_scope === "reduced");
function stateOf(rows) {
  const states = rows.filter(anyStatus).map(stateOfRow);
  return Object.keys(STATES).find((s) => states.includes(s)) ?? "unknown";
}
function ages(r) {
  if (r.age_min === null && r.age_max === null) return "";
  return r.age_max === null ? ` ${r.age_min} and over` : ` ${r.age_min ?? 0} to ${r.age_max}`;
}

// One group of one jurisdiction: a row in full, or the name of its program in a list.
const coverageInFull = (r) => [
  h("p", { class: "answer" }, r.in_words),
  h(
    "p",
    { class: "small" },
    r.program && [link("programs", r.program, r.name), ". "],
    r.valid_from && [period(r), ". "],
    (r.coverage && evidence("coverage", r.coverage)) ||
      (r.absence && evidence("absences", r.absence)),
  ),
  r.note && h("p", { class: "small soft" }, r.note),
];
const coverageInList = (r) =>
  r.program
    ? h(
        "li",
        null,
        link("coverage", r.coverage, r.name),
        ages(r),
        !anyStatus(r) && " (not for every status)",
      )
    : r.absence && h("li", null, evidence("absences", r.absence));
function covered(rows, asked) {
  const whole = asked.jurisdiction || asked.population;
  return choicesOf("population")
    .filter(([code]) => !asked.population || code === asked.population)
    .map(([code, name]) => {
      const members = rows.filter((r) => r.population === code);
      const state = stateOf(members);
      const reduced = members.length && isReduced(members, state) && ", reduced benefits";
      return h(
        "div",
        null,
        h("dt", null, name),
        h(
          "dd",
          null,
          h("p", null, shape(state, STATES[state]), reduced),
          whole
            ? members.map(coverageInFull)
            : h("ul", { class: "small targets" }, members.map(coverageInList)),
        ),
      );
    });
}

// How many jurisdictions have which answer: one line for each value of a column.
const tally = (rows, column, wordsOfRow) =>
  h(
    "ul",
    null,
    Object.entries(Object.groupBy(rows, (r) => r[column])).map(([name, members]) => {
      const numbers = Object.entries(Object.groupBy(members, wordsOfRow))
        .sort((x, y) => y[1].length - x[1].length)
        .map(([words, of], i) => `${i ? "; " : ""}${words}: ${of.length}`);
      return h("li", null, h("strong", null, name), ": ", numbers);
    }),
  );
function inShort(rows) {
  const pairs = Object.groupBy(rows, (r) => r.population);
  const line = ([code, name]) => {
    const states = Object.values(Object.groupBy(pairs[code], (r) => r.jurisdiction)).map(stateOf);
    const numbers = Object.keys(STATES)
      .map((s) => [s, states.filter((t) => t === s).length])
      .filter(([, n]) => n)
      .map(([s, n], i) => [i ? ", " : "", shape(s, `${n} ${STATES[s].toLowerCase()}`)]);
    return h("li", null, h("strong", null, name), ": ", numbers);
  };
  return h(
    "ul",
    null,
    choicesOf("population")
      .filter(([code]) => pairs[code])
      .map(line),
  );
}

const roleOf = (r) => wordsFor("roles", "role", r.role) ?? STATES.unknown;
const inRole = (rows, asked) =>
  rows.map((r) => {
    const sentences = [
      !asked.court_case && roleOf(r),
      r.role !== "none_found" && period(r),
      r.standing && r.standing !== "established" && wordsFor("roles", "standing", r.standing),
    ];
    return h(
      "div",
      null,
      h("dt", null, asked.court_case ? roleOf(r) : r.caption),
      h(
        "dd",
        null,
        h(
          "p",
          { class: "answer" },
          sentences.filter(Boolean).map((said) => `${said}. `),
        ),
        h(
          "p",
          { class: "small" },
          r.party && `${r.party}. `,
          r.role_id ? evidence("roles", r.role_id) : evidence("cases", r.court_case),
        ),
        r.note && h("p", { class: "small soft" }, r.note),
      ),
    );
  });

// One entry for each status and reason, with the data it is about for each class of people.
const dataOfClass = ([code, rows]) =>
  h(
    "li",
    null,
    label.person_classes[code],
    ": ",
    rows.map((r, i) => {
      const name = label.data_elements[r.data_element];
      return [i ? ", " : "", r.order_term ? link("order_terms", r.order_term, name) : name];
    }),
  );
const shared = (rows) => {
  const pairs = tables.data_elements.length * tables.person_classes.length;
  const alike = Object.groupBy(rows, (r) => [r.status, r.reason, r.event].join("\n"));
  return Object.values(alike).map((members) => {
    const [{ status, reason, event, order_title, order_date, order_date_precision }] = members;
    const byClass = Object.entries(Object.groupBy(members, (r) => r.person_class));
    const free = { not_restricted_by_this_case: "free" };
    const citations = [...new Set(members.map((r) => r.citations))].join("; ");
    return h(
      "div",
      null,
      h("dt", null, shape(free[status] ?? status, STATUS[status])),
      h(
        "dd",
        null,
        members.length === pairs && !event
          ? h("p", null, "All data, all people")
          : h("ul", null, byClass.map(dataOfClass)),
        h("p", { class: "answer" }, reason),
        event &&
          h(
            "p",
            { class: "small" },
            link("events", event, order_title),
            `, ${day(order_date, order_date_precision)}`,
          ),
        h("details", { class: "small" }, h("summary", null, "Sources"), h("p", null, citations)),
      ),
    );
  });
};

// The answers by jurisdiction, in the order of their names.
const places = (rows, items, width) =>
  Object.values(Object.groupBy(rows, (r) => r.jurisdiction))
    .sort((a, b) => (a[0].jurisdiction_name < b[0].jurisdiction_name ? -1 : 1))
    .map((members) =>
      h(
        "div",
        { class: "place" },
        h("h3", null, members[0].jurisdiction_name),
        h("dl", { class: `groups ${width}` }, items(members)),
      ),
    );

function answerView(answer, title, lead, names, show) {
  const controls = names.map(control);
  const columns = [
    "as_of",
    ...Object.keys(answers[answer][0]).filter((c) => !["day_from", "day_to"].includes(c)),
    "data_through",
    "dataset_version",
  ];
  return {
    title,
    lead,
    controls,
    defaults: { as_of: about.data_through },
    draw(asked) {
      const as_of = asked.as_of || about.data_through;
      const chosen = (r) => names.every((n) => n === "as_of" || !asked[n] || r[n] === asked[n]);
      const rows = answers[answer]
        .filter((r) => holds(r.day_from, r.day_to, as_of) && chosen(r))
        .map((r) => ({
          as_of,
          ...r,
          data_through: about.data_through,
          dataset_version: about.version,
        }));
      const later =
        as_of > about.data_through
          ? `, after ${day(about.data_through)}, through which the data goes: ` +
            "as scheduled on that day"
          : "";
      const filters = names.slice(1).map((n) => asked[n]);
      return {
        said: `${count(rows.length, "answer")} on ${day(as_of)}${later}.`,
        name: [answer, as_of, ...filters.filter(Boolean)].join("-"),
        columns,
        rows,
        content: show(rows, asked),
      };
    },
  };
}

// ---- views -------------------------------------------------------------------------------------

const HALF_OPEN = "No date means the day through which the data goes.";
const VIEWS = {
  coverage: () =>
    answerView(
      "coverage_on",
      "Who is covered on a date?",
      "Which jurisdictions pay for health coverage regardless of immigration status. “None” and " +
        `“not established” are answers too. ${HALF_OPEN}`,
      ["as_of", "jurisdiction", "population"],
      (rows, asked) => [
        !asked.jurisdiction && [h("h2", null, "In short"), inShort(rows)],
        h("h2", null, "By jurisdiction"),
        places(rows, (members) => covered(members, asked), asked.jurisdiction ? "half" : ""),
      ],
    ),
  roles: () =>
    answerView(
      "roles_on",
      "Who is in the case on a date?",
      [
        "The role of each jurisdiction in each case. Other parties are in the table ",
        h("a", { href: "#tables/roles" }, "Roles"),
        `. ${HALF_OPEN}`,
      ],
      ["as_of", "jurisdiction", "court_case"],
      (rows, asked) => [
        h("h2", null, "In short"),
        tally(rows, "caption", roleOf),
        h("h2", null, "By jurisdiction"),
        places(rows, (members) => inRole(members, asked), "half"),
      ],
    ),
  sharing: () =>
    answerView(
      "sharing_on",
      "What may be shared on a date?",
      "What the court orders in force permit or enjoin for each kind of data and class of " +
        `people. “Not restricted by this case” does not mean shared. ${HALF_OPEN}`,
      ["as_of", "jurisdiction", "data_element", "person_class"],
      (rows) => [h("h2", null, "By jurisdiction"), places(rows, shared, "whole")],
    ),
  tables: ([, table], asked) => {
    if (table === undefined) return listOfTables();
    return described.has(table) ? tableView(table, asked) : nowhere();
  },
  record: ([, table, key]) =>
    found[table]?.has(key) && table in fields ? recordView(table, key) : nowhere(),
  search: () => searchView(),
};
const nowhere = () => ({
  title: "Nothing here",
  lead:
    "The address after # names no view, table or record of this file. " +
    "The views are linked at the top.",
  controls: [],
  draw: () => ({ content: [] }),
});

const listOfTables = () => ({
  title: "Tables",
  lead: "Everything the dataset holds. Each table can be filtered, sorted and saved as CSV.",
  controls: [],
  draw: () => ({
    said: count(tables.dataset_tables.length, "table") + ".",
    content: h(
      "ul",
      { class: "results" },
      tables.dataset_tables.map((t) =>
        h(
          "li",
          null,
          h("a", { href: hash(["tables", t.table]) }, t.title),
          ` (${count(t.rows, "row")})`,
          h("br"),
          prose(t.description),
        ),
      ),
    ),
  }),
});

// Columns with few short values become lists to choose from. So does a column that the address
// names.
function choicesIn(table, asked) {
  return fields[table]
    .filter((f) => !["jurisdiction", "population"].includes(f.field))
    .flatMap((f) => {
      const all = new Set(tables[table].map((r) => r[f.field]));
      const values = [...all].filter((v) => v !== null).sort();
      const fit =
        values.length >= 2 &&
        values.length <= 70 &&
        f.type === "string" &&
        values.every((v) => v.length <= 60);
      if (!(f.field in asked) && !fit) return [];
      return {
        name: f.field,
        title: f.title,
        choices: values.map((v) => [String(v), wordsFor(table, f.field, v) ?? String(v)]),
      };
    });
}

function tableView(table, address) {
  const about = tables[table].map(subject);
  const titles = { q: { title: "Words in the row" }, as_of: { title: "In force on the day" } };
  const common = [
    ["q"],
    ["jurisdiction", "jurisdiction"],
    ["population", "population"],
    ["as_of", "from"],
  ]
    .filter(([, of]) => !of || about.some((s) => s[of]))
    .map(([name]) => ({ ...control(name), ...titles[name] }));
  const more = choicesIn(table, address).filter((c) => !common.some((k) => k.name === c.name));
  const columns = fields[table].map((f) => f.field);
  const key = keyOf(table);
  return {
    title: titleOf(table),
    lead: prose(described.get(table).description),
    controls: common,
    more,
    after: h(
      "details",
      null,
      h("summary", null, "What the columns mean"),
      h(
        "dl",
        { class: "pairs" },
        fields[table].map((f) => [
          h("dt", null, f.title, " ", h("code", null, f.field)),
          h("dd", null, prose(f.description)),
        ]),
      ),
    ),
    draw(asked, again) {
      const words = wordsOf(asked.q);
      const by = (asked.sort ?? "").replace(/^-/, "");
      const chosen = (r) =>
        more.every((c) => !asked[c.name] || String(r[c.name]) === asked[c.name]);
      const rows = tables[table].filter(
        (r) => fits(r, asked) && chosen(r) && says(table, r, words),
      );
      const down = asked.sort?.startsWith("-") ? -1 : 1;
      if (columns.includes(by)) {
        rows.sort(
          (a, b) =>
            (a[by] === null) - (b[by] === null) || down * ((a[by] > b[by]) - (a[by] < b[by])),
        );
      }
      const body = h("tbody");
      const rest = growing(body, rows, (row) =>
        h(
          "tr",
          null,
          fields[table].map((f) => cellOf(table, row, f, key)),
        ),
      );
      const sort = (name) => {
        again({ sort: name === by && down > 0 ? `-${name}` : name });
        $(`[data-sort="${name}"]`).focus();
      };
      const head = fields[table].map((f) => {
        const order = down < 0 ? "descending" : "ascending";
        return h(
          "th",
          {
            scope: "col",
            class: f.type === "integer" ? "number" : null,
            "aria-sort": f.field === by ? order : null,
          },
          h(
            "button",
            {
              type: "button",
              class: "sort",
              "data-sort": f.field,
              onclick: () => sort(f.field),
            },
            f.title,
            f.field === by && h("span", { "aria-hidden": "true" }, down < 0 ? " ▼" : " ▲"),
          ),
        );
      });
      const box = {
        class: "scroller",
        tabindex: 0,
        role: "region",
        "aria-label": `${titleOf(table)}: rows`,
      };
      return {
        said: `${count(rows.length, "row")} of ${tables[table].length.toLocaleString("en-US")}.`,
        name: table,
        columns,
        rows,
        content: rows.length > 0 && [
          h(
            "div",
            box,
            h(
              "table",
              { class: "rows-and-columns" },
              h("caption", { class: "visually-hidden" }, titleOf(table)),
              h("thead", null, h("tr", null, head)),
              body,
            ),
          ),
          rest,
        ],
      };
    },
  };
}

function valueOf(table, row, name) {
  const value = row[name];
  if (value === null) return null;
  if (keys[name] && keys[name] !== table && found[keys[name]].has(value)) {
    return link(keys[name], value, value);
  }
  if (name === "record" && found[row.table]?.has(value)) return link(row.table, value, value);
  return out(String(value));
}
function cellOf(table, row, f, key) {
  if (f.field === key) return h("th", { scope: "row" }, link(table, row[key], row[key]));
  const long = String(row[f.field] ?? "").length > 60 ? "long" : null;
  return h(
    "td",
    { class: f.type === "integer" ? "number" : long },
    valueOf(table, row, f.field),
  );
}

function citation(c) {
  const s = found.sources.get(c.source);
  const reliability = wordsFor("sources", "reliability", s.reliability);
  const published = s.published ? `, published ${s.published}` : "";
  return h(
    "li",
    null,
    h("span", { class: "tag" }, wordsFor("citations", "relation", c.relation) ?? c.relation),
    " ",
    out(s.url, s.title),
    s.publisher && `, ${s.publisher}`,
    `: ${c.locator}.`,
    c.note && [h("br"), c.note],
    h("br"),
    h(
      "span",
      { class: "small soft" },
      `${reliability}${published}, checked ${c.checked_on}. Source `,
      link("sources", c.source, c.source),
    ),
  );
}

// The citations of one field, or of the record as a whole (an empty field).
function evidenceFor(f, row, citations) {
  const heading = f.field ? `${f.title}: ${row[f.field] ?? "empty"}` : "The record as a whole";
  return [
    h("h3", { id: `evidence-${f.field}`, tabindex: -1 }, heading),
    citations.some((c) => c.relation === "contradicts") &&
      h(
        "p",
        { class: "note problem" },
        "Sources disagree. What supports the value comes first, what contradicts it comes last.",
      ),
    h(
      "ul",
      { class: "evidence" },
      citations
        .sort((a, b) => (a.relation < b.relation) - (a.relation > b.relation))
        .map(citation),
    ),
  ];
}

function recordView(table, key) {
  const row = found[table].get(key);
  const cited = Object.groupBy(
    tables.citations.filter((c) => c.table === table && c.record === key),
    (c) => c.field ?? "",
  );
  const column = keyOf(table);
  const referring = Object.keys(fields)
    .filter((t) => t !== table && fields[t].some((f) => f.field === column))
    .map((t) => [t, tables[t].filter((r) => r[column] === key)])
    .filter(([, rows]) => rows.length);
  const evidenceLink = (f) =>
    h(
      "a",
      {
        class: "small",
        href: location.hash,
        onclick: (event) => to(event, `evidence-${f.field}`),
      },
      `Evidence (${cited[f.field].length})`,
      hidden(` for ${f.title}`),
    );
  const pair = (f) => {
    const words = wordsFor(table, f.field, row[f.field]);
    return [
      h("dt", null, f.title),
      h(
        "dd",
        null,
        valueOf(table, row, f.field) ?? h("span", { class: "soft" }, "empty"),
        words && `: ${words}`,
        cited[f.field] && [" ", evidenceLink(f)],
      ),
    ];
  };
  const referringRows = ([t, rows]) =>
    h(
      "li",
      null,
      h(
        "a",
        { href: hash(["tables", t], { [column]: key }) },
        `${titleOf(t)}: ${count(rows.length, "row")}`,
      ),
      rows.length <= 12 &&
        label[t] &&
        h(
          "ul",
          null,
          rows.map((r) => h("li", null, link(t, r[keyOf(t)], labelOf(t, r)))),
        ),
    );
  const uncited =
    table === "absences"
      ? "No source: searched without result."
      : "A definition or a document of this dataset; it is cited by others and needs no citation.";
  return {
    title: labelOf(table, row),
    lead: [
      h("a", { href: hash(["tables", table]) }, titleOf(table)),
      ": ",
      h("code", null, key),
    ],
    controls: [],
    draw: () => ({
      content: [
        h("dl", { class: "pairs record" }, fields[table].map(pair)),
        Object.keys(cited).length > 0 && h("h2", { id: "evidence" }, "Evidence"),
        [{ field: "" }, ...fields[table]]
          .filter((f) => cited[f.field])
          .map((f) => evidenceFor(f, row, cited[f.field])),
        !Object.keys(cited).length && h("p", { class: "note" }, uncited),
        referring.length > 0 && [
          h("h2", null, "Records that refer to this one"),
          h("ul", { class: "results" }, referring.map(referringRows)),
        ],
      ],
    }),
  };
}

function searchView() {
  const all = tables.dataset_tables.flatMap(({ table }) =>
    tables[table].map((row) => ({ table, row })),
  );
  const target = ({ table, row }) => {
    if (found[row.table]?.has(row.record)) return ["record", row.table, row.record];
    return keyOf(table) ? ["record", table, row[keyOf(table)]] : ["tables", table];
  };
  return {
    title: "Search",
    lead:
      "Records whose words begin with all the words asked for, including citations. " +
      "The fields filter the list.",
    controls: [
      control("jurisdiction"),
      control("population"),
      { ...control("as_of"), title: "In force on the day" },
      {
        name: "table",
        title: "Table",
        choices: tables.dataset_tables.map((t) => [t.table, t.title]),
      },
    ],
    draw(asked) {
      const words = wordsOf(asked.q);
      const asking =
        words.length || asked.jurisdiction || asked.population || asked.as_of || asked.table;
      // A record whose name has the words asked for comes before one that only mentions them.
      const rank = ({ table, row }) => {
        const name = plain(labelOf(table, row));
        if (name === words.join(" ")) return 0;
        if (table === "citations") return 3;
        return ` ${name}`.includes(` ${words.join(" ")}`) ? 1 : 2;
      };
      const isHit = ({ table, row }) =>
        (!asked.table || table === asked.table) && fits(row, asked) && says(table, row, words);
      const hits = asking
        ? all
            .filter(isHit)
            .map((hit) => [rank(hit), hit])
            .sort((a, b) => a[0] - b[0])
            .map(([, hit]) => hit)
        : [];
      const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${words.join("|")})`, "giu");
      const excerpt = (row) => {
        const text = Object.values(row)
          .filter((v) => typeof v === "string" && v.includes(" "))
          .join(" … ");
        if (!words.length) return text.slice(0, 240);
        const start = Math.max(0, text.search(pattern) - 90);
        const parts = text.slice(start, start + 240).split(pattern);
        return [
          start > 0 && "… ",
          parts.map((part, i) => (i % 2 ? h("mark", null, part) : part)),
          start + 240 < text.length && " …",
        ];
      };
      const list = h("ol", { class: "results" });
      const item = (hit) =>
        h(
          "li",
          null,
          h("a", { href: hash(target(hit)) }, labelOf(hit.table, hit.row)),
          " ",
          h("span", { class: "tag" }, titleOf(hit.table)),
          h("br"),
          h("span", { class: "small" }, excerpt(hit.row)),
        );
      const rest = growing(list, hits, item, 50);
      return {
        said: asking
          ? `${count(hits.length, "record")} found.`
          : "Type words into the search field at the top.",
        name: ["search", asked.q].filter(Boolean).join("-"),
        columns: ["table", "record", "label"],
        rows: hits.map(({ table, row }) => ({
          table,
          record: row[keyOf(table)],
          label: labelOf(table, row),
        })),
        content: hits.length > 0 && [list, rest],
      };
    },
  };
}

// ---- the page ----------------------------------------------------------------------------------

const NAV = {
  coverage: "Who is covered",
  roles: "Who is in the case",
  sharing: "What may be shared",
  tables: "Tables",
};
// What was asked last is asked of the next view too.
const kept = { court_case: "california-v-hhs" };
const VIEWS_KEEP = {
  coverage: ["as_of", "jurisdiction", "population"],
  roles: ["as_of", "jurisdiction", "court_case"],
  sharing: ["as_of", "jurisdiction"],
};

let typed = () => {}; // what a letter typed into the search field does in the view that is shown

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function drawNav(current) {
  const item = ([name, text]) => {
    const params = VIEWS_KEEP[name]?.map((n) => [n, kept[n]]) ?? [];
    const attributes = {
      href: hash([name], Object.fromEntries(params)),
      "aria-current": name === current ? "page" : null,
    };
    return h("li", null, h("a", attributes, text));
  };
  $("nav ul").replaceChildren(...Object.entries(NAV).map(item));
}

function show() {
  const [path, query] = location.hash.slice(1).split("?");
  const parts = (path || "coverage").split("/").map(decode);
  let asked = Object.fromEntries(new URLSearchParams(query));
  const view = (Object.hasOwn(VIEWS, parts[0]) ? VIEWS[parts[0]] : nowhere)(parts, asked);
  const controls = [...view.controls, ...(view.more ?? [])];

  const status = h("p", { role: "status" });
  const button = h("button", { type: "button" });
  const results = h("div", { id: "results" });
  const filters = view.more?.map((c) => field(c, asked[c.name]));
  const form = h(
    "form",
    {
      class: "ask",
      "aria-label": "What is asked",
      autocomplete: "off",
      oninput: () => again(Object.fromEntries(new FormData(form))),
      onsubmit: (event) => event.preventDefault(),
    },
    view.controls.map((c) => field(c, asked[c.name] ?? view.defaults?.[c.name])),
    view.more?.length > 0 &&
      h(
        "details",
        { open: view.more.some((c) => asked[c.name]) ? "" : null },
        h("summary", null, "More filters"),
        h("div", { class: "more-filters" }, filters),
      ),
  );

  const again = (given = {}) => {
    asked = { ...asked, ...given };
    history.replaceState(null, "", hash(parts, asked));
    draw();
  };
  const draw = () => {
    const refused = refusals(controls, asked);
    if (form.querySelector(":invalid")) {
      refused.push("The day is not complete or not in the calendar.");
    }
    const problems = refused.map((sentence) => h("li", null, sentence));
    const drawn = refused.length
      ? { said: "Not answered.", content: h("ul", { class: "note problem" }, problems) }
      : view.draw(asked, again);
    status.textContent = drawn.said ?? "";
    button.hidden = !drawn.rows?.length;
    button.textContent = `Save as CSV (${count(drawn.rows?.length ?? 0, "row")})`;
    button.onclick = () => save(drawn.name, csv(drawn.columns, drawn.rows));
    results.replaceChildren(...[drawn.content].flat(Infinity).filter(Boolean));
    for (const name of ["as_of", "jurisdiction", "population", "court_case"]) {
      if (controls.some((c) => c.name === name)) kept[name] = asked[name];
    }
    drawNav(parts[0]);
  };

  typed = parts[0] === "search" ? (q) => again({ q }) : () => {};
  $("#words").value = parts[0] === "search" ? (asked.q ?? "") : "";
  document.title = `${view.title} | Benefits dataset ${about.version}`;
  $("main").replaceChildren(
    h("h1", { tabindex: -1 }, view.title),
    h("p", { class: "lead" }, view.lead),
    ...(controls.length ? [form] : []),
    h("div", { class: "status" }, status, button),
    ...(view.after ? [view.after] : []),
    results,
  );
  draw();
}

async function start() {
  $("form.search").addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = hash(["search"], { q: $("#words").value });
  });
  $("#words").addEventListener("input", () => typed($("#words").value));
  $(".skip").addEventListener("click", (event) => to(event, "content"));
  try {
    await read();
  } catch {
    const problem =
      "The data in this file could not be read. The file may be cut off, or the browser is from " +
      "before 2024: the same data is in the CSV files of the dataset.";
    $("main").append(h("p", { class: "note problem", role: "alert" }, problem));
    return;
  }
  addEventListener("hashchange", () => {
    show();
    scrollTo(0, 0);
    $("h1").focus();
  });
  show();
}
start();
