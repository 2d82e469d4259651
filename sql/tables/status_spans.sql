-- The one answer for each jurisdiction and population in each period: last step of the reduction
-- from rows to a status, which docs/method/protocol.md describes under "One answer". Everything
-- that shows a status reads this: status_on, panel, the maps and the files. A row is about the
-- ages from `of_age_min` to `of_age_max`, or about the whole population where these are -1.
-- This is a table, made once by the build, because it is the same for every reader.
CREATE TABLE status_spans (
  jurisdiction TEXT NOT NULL,
  population TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  of_age_min INTEGER NOT NULL,
  of_age_max INTEGER NOT NULL,
  valid_to TEXT,
  status TEXT NOT NULL,
  in_words TEXT NOT NULL,
  age_min INTEGER,
  age_max INTEGER,
  bands TEXT NOT NULL,
  income_limit_pct_fpl INTEGER,
  income_limit_lowest_pct_fpl INTEGER,
  benefit_scope TEXT,
  area TEXT,
  program_names TEXT,
  standing TEXT,
  uncertain TEXT,
  last_checked TEXT,
  records TEXT,
  citations TEXT,
  source_urls TEXT,
  PRIMARY KEY (jurisdiction, population, valid_from, of_age_min)
) STRICT;

INSERT INTO status_spans
WITH statuses ("rank", status, words) AS (
  VALUES
    (1, 'open', 'open regardless of immigration status'),
    (2, 'capped', 'open up to a cap regardless of immigration status, places may be full'),
    (
      3,
      'closed_to_new',
      'closed to new applicants, people already enrolled keep it while they meet the rules'
    ),
    (4, 'premium_help_only', 'help with premiums only'),
    (5, 'partial_only', ''),
    (6, 'none', 'no program regardless of immigration status'),
    (7, 'not_established', 'we could not confirm whether there is a program'),
    (8, 'not_established', 'we could not confirm: nothing is recorded for this day')
),
-- One row for each band: its status and the phrase that says it.
band_phrases AS (
  SELECT
    f.jurisdiction,
    f.population,
    f.valid_from,
    f.of_age_min,
    f.of_age_max,
    f.valid_to,
    f.age_min,
    f.age_max,
    f."rank",
    f.status,
    MIN(f.doubt) AS doubt, -- one established row is enough
    CASE
      WHEN f."rank" = 5 THEN group_concat(f.detail, '; ')
      WHEN MAX(f.detail) = '' THEN f.words
      ELSE f.words || ': ' || group_concat(f.detail, '; ')
    END AS phrase
  FROM (
    SELECT r.*, s.status, s.words
    FROM status_rows r
    JOIN statuses s ON s."rank" = r."rank"
    WHERE r.speaks = 1
    ORDER BY r.name, r.record
  ) f
  GROUP BY
    f.jurisdiction, f.population, f.valid_from, f.of_age_min, f.of_age_max, f.valid_to,
    f.age_min, f.age_max,
    f."rank", f.status, f.words
),
-- Bands next to each other that say the same are one.
islands AS (
  SELECT
    q.*,
    SUM(starts) OVER (
      PARTITION BY jurisdiction, population, valid_from, of_age_min
      ORDER BY age_min
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS island
  FROM (
    SELECT
      p.*,
      CASE
        WHEN phrase = LAG(phrase) OVER w AND age_min = LAG(age_max) OVER w + 1 THEN 0
        ELSE 1
      END AS starts
    FROM band_phrases p
    WINDOW w AS (
      PARTITION BY jurisdiction, population, valid_from, of_age_min ORDER BY age_min
    )
  ) q
),
merged AS (
  SELECT
    jurisdiction,
    population,
    valid_from,
    of_age_min,
    of_age_max,
    valid_to,
    MIN(age_min) AS age_min,
    MAX(age_max) AS age_max,
    status,
    "rank",
    phrase,
    MAX(doubt) AS doubt
  FROM islands
  GROUP BY
    jurisdiction, population, valid_from, of_age_min, of_age_max, valid_to,
    island, status, "rank", phrase
  ORDER BY jurisdiction, population, valid_from, of_age_min, MIN(age_min)
),
spans AS (
  SELECT
    m.jurisdiction,
    m.population,
    m.valid_from,
    m.of_age_min,
    m.of_age_max,
    m.valid_to,
    CASE
      WHEN COUNT(DISTINCT m.status) = 1 THEN MIN(m.status)
      ELSE 'varies_by_age'
    END AS status,
    MIN(CASE WHEN m."rank" <= 5 THEN m.age_min END) AS age_min,
    MAX(CASE WHEN m."rank" <= 5 THEN m.age_max END) AS age_max,
    MAX(m.doubt) AS doubt,
    MIN(m.age_min) AS first_age,
    MAX(m.age_max) AS last_age,
    COUNT(*) AS bands_count,
    MIN(m.phrase) AS first_phrase,
    group_concat(
      CASE
        WHEN m.age_min = m.age_max THEN 'Age ' || m.age_min
        WHEN m.age_max = 120 THEN 'Ages ' || m.age_min || ' and over'
        ELSE 'Ages ' || m.age_min || ' to ' || m.age_max
      END || ', ' || lower(substr(m.phrase, 1, 1)) || substr(m.phrase, 2),
      '. '
    ) AS phrases,
    group_concat(
      CASE
        WHEN m.age_max = 120 THEN m.age_min || '+'
        WHEN m.age_min = m.age_max THEN m.age_min || ''
        ELSE m.age_min || '-' || m.age_max
      END || ' ' || m.status,
      '; '
    ) AS bands
  FROM merged m
  GROUP BY m.jurisdiction, m.population, m.valid_from, m.of_age_min, m.of_age_max, m.valid_to
),
-- What the rows that decide the answer have together.
speaking AS (
  SELECT DISTINCT
    jurisdiction, population, valid_from, of_age_min, "table", record, name,
    income_limit_pct_fpl, benefit_scope, area, day_in_words
  FROM status_rows
  WHERE speaks = 1
  ORDER BY jurisdiction, population, valid_from, of_age_min, name, record
),
details AS (
  SELECT
    k.jurisdiction,
    k.population,
    k.valid_from,
    k.of_age_min,
    MAX(k.income_limit_pct_fpl) AS income_limit_pct_fpl,
    MIN(k.income_limit_pct_fpl) AS income_limit_lowest_pct_fpl,
    CASE
      WHEN COUNT(DISTINCT COALESCE(k.benefit_scope, '')) FILTER (WHERE k."table" = 'coverage') > 1
        THEN 'mixed'
      ELSE MIN(k.benefit_scope)
    END AS benefit_scope,
    -- Only where no row that decides holds in the whole jurisdiction.
    CASE WHEN COUNT(k.area) = COUNT(*) THEN MIN(k.area) END AS area,
    MIN(l.last_checked) AS last_checked
  FROM speaking k
  LEFT JOIN (
    SELECT "table", record, MAX(checked_on) AS last_checked
    FROM citations
    GROUP BY "table", record
  ) l ON l."table" = k."table" AND l.record = k.record
  GROUP BY k.jurisdiction, k.population, k.valid_from, k.of_age_min
),
-- Texts, each said once: names of programs, doubts, days that are not known, other programs,
-- citations and addresses of sources.
texts AS (
  SELECT DISTINCT
    jurisdiction, population, valid_from, of_age_min, 'name' AS kind, name AS said, 1 AS position
  FROM speaking
  WHERE name IS NOT NULL
  UNION
  SELECT
    jurisdiction, population, valid_from, of_age_min, 'record', "table" || '/' || record, 1
  FROM speaking
  WHERE record IS NOT NULL
  UNION
  SELECT
    k.jurisdiction, k.population, k.valid_from, k.of_age_min, d.standing, d.label, d.position
  FROM speaking k
  JOIN coverage_doubt_fields d ON k."table" = 'coverage' AND d.coverage = k.record AND d.is_told = 1
  UNION
  SELECT k.jurisdiction, k.population, k.valid_from, k.of_age_min, 'doubt', d.entry, d.position
  FROM speaking k
  JOIN coverage_doubt_fields d ON k."table" = 'coverage' AND d.coverage = k.record
  UNION
  SELECT
    k.jurisdiction, k.population, k.valid_from, k.of_age_min, 'doubt',
    'finding: ' || f.standing || ' (' || f.reason || ')', 0
  FROM speaking k
  JOIN field_standing f ON k."table" = 'absences'
    AND f."table" = 'absences'
    AND f.record = k.record
    AND f.standing = 'disputed'
  UNION
  SELECT jurisdiction, population, valid_from, of_age_min, 'day', day_in_words, 1
  FROM speaking
  WHERE day_in_words <> ''
  UNION
  SELECT
    o.jurisdiction,
    o.population,
    o.valid_from,
    o.of_age_min,
    'other',
    CASE p.benefit_scope
      WHEN 'premium_subsidy' THEN 'help with premiums (' || p.name || ')'
      WHEN 'partial' THEN
        lower(substr(p.benefits, 1, 1)) || substr(p.benefits, 2) || ' (' || p.name || ')'
      ELSE
        p.name || CASE p.enrollment
          WHEN 'closed_to_new' THEN ', closed to new applicants'
          WHEN 'capped' THEN ', open up to a cap'
          ELSE ', open'
        END
    END,
    1
  FROM status_rows o
  JOIN coverage_rules p ON p.coverage = o.record
  LEFT JOIN speaking k ON k.jurisdiction = o.jurisdiction
    AND k.population = o.population
    AND k.valid_from = o.valid_from
    AND k.of_age_min = o.of_age_min
    AND k."table" = 'coverage'
    AND k.record = o.record
  WHERE o.speaks = 0 AND o."table" = 'coverage' AND k.record IS NULL
  UNION
  SELECT k.jurisdiction, k.population, k.valid_from, k.of_age_min, 'cited', c.citations, 1
  FROM speaking k
  JOIN record_citations c ON c."table" = k."table" AND c.record = k.record
  UNION
  -- The addresses of the best sources, at most six.
  SELECT jurisdiction, population, valid_from, of_age_min, 'url', url, n
  FROM (
    SELECT
      k.jurisdiction,
      k.population,
      k.valid_from,
      k.of_age_min,
      s.url,
      ROW_NUMBER() OVER (
        PARTITION BY k.jurisdiction, k.population, k.valid_from, k.of_age_min
        ORDER BY
          MIN(CASE s.reliability WHEN 'primary' THEN 1 WHEN 'secondary' THEN 2 ELSE 3 END),
          s.url
      ) AS n
    FROM speaking k
    JOIN citations c ON c."table" = k."table"
      AND c.record = k.record
      AND c.relation = 'supports'
      AND COALESCE(c.field, 'enrollment') IN ('enrollment', 'finding')
    JOIN sources s ON s.source = c.source AND s.url IS NOT NULL
    GROUP BY k.jurisdiction, k.population, k.valid_from, k.of_age_min, s.url
  ) u
  WHERE n <= 6
),
joined AS (
  SELECT
    jurisdiction,
    population,
    valid_from,
    of_age_min,
    group_concat(CASE WHEN kind = 'name' THEN said END, '; ') AS program_names,
    group_concat(CASE WHEN kind = 'record' THEN said END, ' ') AS records,
    group_concat(CASE WHEN kind = 'disputed' THEN said END, ', ') AS disputed,
    group_concat(CASE WHEN kind = 'reported' THEN said END, ', ') AS reported,
    group_concat(CASE WHEN kind = 'doubt' THEN said END, '; ') AS uncertain,
    group_concat(CASE WHEN kind = 'day' THEN said END, '') AS days,
    group_concat(CASE WHEN kind = 'other' THEN said END, '; ') AS others,
    group_concat(CASE WHEN kind = 'cited' THEN said END, '; ') AS citations,
    group_concat(CASE WHEN kind = 'url' THEN said END, ' ') AS source_urls
  FROM (SELECT * FROM texts ORDER BY 1, 2, 3, 4, kind, position, said) t
  GROUP BY jurisdiction, population, valid_from, of_age_min
)
SELECT
  s.jurisdiction,
  s.population,
  s.valid_from,
  s.of_age_min,
  s.of_age_max,
  s.valid_to,
  s.status,
  CASE
    WHEN s.status = 'varies_by_age' THEN 'Varies by age. ' || s.phrases
    WHEN s.bands_count = 1
      AND (
        s.of_age_min >= 0
        OR s.age_min IS NULL
        OR (
          s.first_age = COALESCE(p.core_age_min, 0) AND s.last_age = COALESCE(p.core_age_max, 120)
        )
      )
      THEN upper(substr(s.first_phrase, 1, 1)) || substr(s.first_phrase, 2)
    ELSE s.phrases
  END
  || '.'
  || COALESCE(' Also: ' || t.others || '.', '')
  || COALESCE(' Sources disagree on ' || t.disputed || '.', '')
  || CASE
    WHEN s.doubt = 2 AND s.age_min IS NULL THEN ' Sources disagree on this.'
    ELSE ''
  END
  || COALESCE(' Known from third-hand sources only: ' || t.reported || '.', '')
  || COALESCE(t.days, ''),
  s.age_min,
  s.age_max,
  s.bands,
  k.income_limit_pct_fpl,
  k.income_limit_lowest_pct_fpl,
  k.benefit_scope,
  k.area,
  t.program_names,
  CASE
    WHEN s.status = 'not_established' THEN NULL
    WHEN s.doubt = 2 THEN 'disputed'
    WHEN s.doubt = 1 THEN 'reported'
    ELSE 'established'
  END,
  t.uncertain,
  k.last_checked,
  t.records,
  t.citations,
  t.source_urls
FROM spans s
JOIN populations p ON p.population = s.population
JOIN details k ON k.jurisdiction = s.jurisdiction
  AND k.population = s.population
  AND k.valid_from = s.valid_from
  AND k.of_age_min = s.of_age_min
LEFT JOIN joined t ON t.jurisdiction = s.jurisdiction
  AND t.population = s.population
  AND t.valid_from = s.valid_from
  AND t.of_age_min = s.of_age_min
ORDER BY s.jurisdiction, s.population, s.valid_from, s.of_age_min;
