// What views are made of: links, fields of a form, CSV, long lists.

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
