-- Everything that has a date: coverage that starts, changes or ends, roles, and events; past and
-- scheduled. A coverage row that begins only because the evidence does is not a change, so it is
-- left out. Titles do not call help with premiums, or care of some kinds only, "coverage", and
-- they say when a program takes only some immigration statuses.
CREATE VIEW dated_changes AS
WITH counted AS (
  SELECT
    c.*,
    CASE c.benefit_scope
      WHEN 'premium_subsidy' THEN 'help with premiums'
      WHEN 'partial' THEN 'care of some kinds'
      ELSE 'coverage'
    END AS what,
    CASE g.status_scope
      WHEN 'lawfully_present' THEN ', lawfully present noncitizens only'
      WHEN 'listed_statuses' THEN ', only the immigration statuses its rules list'
      ELSE ''
    END AS whom
  FROM coverage c
  JOIN programs g ON g.program = c.program
)
SELECT
  c.valid_from AS date,
  c.valid_from_precision AS date_precision,
  CASE c.begins_as WHEN 'start' THEN 'coverage_starts' ELSE 'coverage_changes' END AS kind,
  p.jurisdiction,
  NULL AS court_case,
  c.population,
  p.name || ', ' || lower(q.label)
    || CASE
      WHEN c.age_min IS NULL AND c.age_max IS NULL THEN ''
      WHEN c.age_max IS NULL THEN ' ' || c.age_min || ' and over'
      ELSE ' ' || COALESCE(c.age_min, 0) || ' to ' || c.age_max
    END
    || ': '
    || CASE c.begins_as
      WHEN 'start' THEN c.what || ' starts'
      ELSE CASE c.what
        WHEN 'coverage' THEN 'rules change'
        ELSE 'rules of ' || c.what || ' change'
      END
    END
    || CASE c.enrollment
      WHEN 'closed_to_new' THEN ', closed to new applicants'
      WHEN 'capped' THEN ', capped'
      ELSE ', open'
    END
    || c.whom AS title,
  c.note AS summary,
  c.standing,
  'coverage' AS "table",
  c.coverage AS record
FROM counted c
JOIN programs p ON p.program = c.program
JOIN populations q ON q.population = c.population
WHERE c.begins_as <> 'evidence'
UNION ALL
-- Coverage ends where no row of the same program, group and ages goes on.
SELECT
  c.valid_to,
  'day',
  'coverage_ends',
  p.jurisdiction,
  NULL,
  c.population,
  p.name || ', ' || lower(q.label)
    || CASE
      WHEN c.age_min IS NULL AND c.age_max IS NULL THEN ''
      WHEN c.age_max IS NULL THEN ' ' || c.age_min || ' and over'
      ELSE ' ' || COALESCE(c.age_min, 0) || ' to ' || c.age_max
    END
    || ': ' || c.what || ' ends' || c.whom,
  c.note,
  c.standing,
  'coverage',
  c.coverage
FROM counted c
JOIN programs p ON p.program = c.program
JOIN populations q ON q.population = c.population
WHERE c.valid_to IS NOT NULL
  AND NOT EXISTS (
    SELECT 1
    FROM coverage n
    WHERE n.program = c.program
      AND n.population = c.population
      AND n.valid_from <= c.valid_to
      AND (n.valid_to IS NULL OR n.valid_to > c.valid_to)
      AND COALESCE(n.age_min, 0) <= COALESCE(c.age_max, 999)
      AND COALESCE(c.age_min, 0) <= COALESCE(n.age_max, 999)
  )
UNION ALL
SELECT
  r.valid_from,
  r.valid_from_precision,
  'role',
  r.jurisdiction,
  r.court_case,
  NULL,
  r.party || ': ' || r.role || ' in ' || s.caption,
  r.note,
  r.standing,
  'roles',
  r.role_id
FROM roles r
JOIN cases s ON s.court_case = r.court_case
WHERE r.role <> 'none_found'
UNION ALL
SELECT
  e.date,
  e.date_precision,
  e.kind,
  e.jurisdiction,
  e.court_case,
  NULL,
  e.title,
  e.summary,
  e.standing,
  'events',
  e.event
FROM events e;
