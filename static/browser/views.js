// The views: an answer, the tables, one table.

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
