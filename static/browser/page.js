// The page: navigation, the address, the view that is shown.

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
