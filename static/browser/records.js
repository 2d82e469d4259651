// One record with its citations, and the search.

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
    !citations.some((c) => c.relation === "contradicts") &&
      citations.some((c) => c.relation === "differs") &&
      h(
        "p",
        { class: "note" },
        "A source says something else, for a reason that its note gives. " +
          "The value is not in doubt.",
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
