// The answers: who is covered, who is in the case, what may be shared.

// What is drawn for each status of status_on, and its words.
const STATES = {
  open: "Open",
  capped: "Open up to a cap",
  closed: "Closed to new applicants",
  varies: "Varies by age",
  premium: "Help with premiums only",
  partial: "Some kinds of care only",
  none: "None",
  unknown: "Could not confirm",
};
const STATE_OF = {
  closed_to_new: "closed",
  varies_by_age: "varies",
  premium_help_only: "premium",
  partial_only: "partial",
  not_established: "unknown",
};
const stateOf = (status) => STATE_OF[status.status] ?? status.status;
const STATUS = {
  enjoined: "Enjoined",
  permitted: "Permitted",
  unclear: "Unclear",
  not_restricted_by_this_case: "Not restricted by this case",
};
const shape = (state, text) => h("span", { class: `state state-${state}` }, text);

// The one answer of status_on for each jurisdiction and group on a day.
const statusesOfDays = new Map();
function statusesOn(as_of) {
  if (!statusesOfDays.has(as_of)) {
    const rows = answers.status_on.filter((r) => holds(r.day_from, r.day_to, as_of));
    statusesOfDays.set(
      as_of,
      new Map(rows.map((r) => [`${r.jurisdiction} ${r.population}`, r])),
    );
  }
  return statusesOfDays.get(as_of);
}
const anyStatus = (row) => row.status_scope === null || row.status_scope === "any_status";
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
  const statuses = statusesOn(rows[0].as_of);
  const whole = asked.jurisdiction || asked.population;
  return choicesOf("population")
    .filter(([code]) => !asked.population || code === asked.population)
    .map(([code, name]) => {
      const members = rows.filter((r) => r.population === code);
      const status = statuses.get(`${rows[0].jurisdiction} ${code}`);
      const state = stateOf(status);
      return h(
        "div",
        null,
        h("dt", null, name),
        h(
          "dd",
          null,
          h("p", null, shape(state, STATES[state])),
          h("p", { class: "one-answer" }, status.in_words),
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
  const statuses = [...statusesOn(rows[0].as_of).values()];
  const pairs = Object.groupBy(rows, (r) => r.population);
  const line = ([code, name]) => {
    const states = statuses.filter((r) => r.population === code).map(stateOf);
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
