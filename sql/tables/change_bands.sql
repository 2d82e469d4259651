-- What changes in coverage on a day, for each band of ages: first step from rows to dated changes,
-- which docs/method/protocol.md describes under "What counts as a change". The rows in force on
-- the day before are compared with those in force on the day, once for new people and once for
-- people already enrolled. A row that begins only because the evidence does is never a change.
CREATE TEMP TABLE change_rows AS
SELECT
  c.*,
  COALESCE(c.age_min, 0) AS lowest,
  COALESCE(c.age_max, 120) AS highest,
  c.enrollment <> 'closed_to_new' AND c.applies_to <> 'current_enrollees' AS takes_new,
  c.applies_to <> 'new_applicants' AS keeps_old,
  COALESCE(
    c.cost_sharing LIKE 'No %' OR c.cost_sharing LIKE 'None%' OR c.cost_sharing LIKE 'Free%', 0
  ) AS is_free,
  lower(substr(c.benefits, 1, 1)) || substr(c.benefits, 2) AS kinds_of_care,
  lower(substr(c.cost_sharing, 1, 1)) || substr(c.cost_sharing, 2) AS charges
FROM coverage c;

CREATE INDEX temp.change_rows_of ON change_rows (program, population);
CREATE INDEX temp.change_rows_key ON change_rows (coverage);

-- The rows before and after each day on which a row begins or ends, by band of ages.
CREATE TEMP TABLE change_bands AS
WITH edges AS (
  SELECT program, population, lowest AS age
  FROM change_rows
  UNION
  SELECT program, population, highest + 1
  FROM change_rows
),
bands AS (
  SELECT
    program,
    population,
    age AS age_min,
    LEAD(age) OVER (PARTITION BY program, population ORDER BY age) - 1 AS age_max
  FROM edges
),
days AS (
  SELECT program, population, valid_from AS day
  FROM change_rows
  WHERE valid_from IS NOT NULL
  UNION
  SELECT program, population, valid_to
  FROM change_rows
  WHERE valid_to IS NOT NULL
),
sides AS (
  SELECT
    d.program,
    d.population,
    d.day,
    b.age_min,
    b.age_max,
    MAX(CASE WHEN r.takes_new AND r.valid_from < d.day THEN r.coverage END) AS new_before,
    MAX(CASE WHEN r.takes_new AND COALESCE(r.valid_to, '~') > d.day THEN r.coverage END)
      AS new_after,
    MAX(CASE WHEN r.keeps_old AND r.valid_from < d.day THEN r.coverage END) AS old_before,
    MAX(CASE WHEN r.keeps_old AND COALESCE(r.valid_to, '~') > d.day THEN r.coverage END)
      AS old_after
  FROM days d
  JOIN change_rows r ON r.program = d.program
    AND r.population = d.population
    AND r.valid_from <= d.day
    AND COALESCE(r.valid_to, '~') >= d.day
  JOIN bands b ON b.program = d.program
    AND b.population = d.population
    AND b.age_min BETWEEN r.lowest AND r.highest
    AND b.age_max IS NOT NULL
  GROUP BY d.program, d.population, d.day, b.age_min, b.age_max
)
SELECT
  s.*,
  COALESCE(s.new_before, s.old_before) AS before,
  COALESCE(s.new_after, s.old_after) AS after
FROM sides s
-- Not where better evidence begins, for these ages or for others of a row that ends.
WHERE (s.new_before IS NOT s.new_after OR s.old_before IS NOT s.old_after)
  AND NOT EXISTS (
    SELECT 1
    FROM change_rows e
    LEFT JOIN change_rows b ON b.coverage IN (s.new_before, s.old_before)
    WHERE e.program = s.program
      AND e.population = s.population
      AND e.valid_from = s.day
      AND e.begins_as = 'evidence'
      AND (
        e.coverage IN (s.new_after, s.old_after)
        OR (
          COALESCE(s.new_after, s.old_after) IS NULL
          AND e.lowest <= b.highest
          AND b.lowest <= e.highest
        )
      )
  );

-- Each row with the one before it, where both are about the same people: new ones, or those
-- already enrolled (`takes_new` is 0). Where a row is about both, they are one pair.
CREATE TEMP TABLE change_pairs AS
SELECT
  c.program,
  c.population,
  c.day,
  c.age_min,
  c.age_max,
  MAX(c.takes_new) AS takes_new,
  COUNT(*) AS audiences,
  b.coverage AS before,
  a.coverage AS after,
  b.enrollment AS enrollment_before,
  a.enrollment,
  b.enrollment_cap AS cap_before,
  a.enrollment_cap AS cap,
  b.income_limit_pct_fpl AS limit_before,
  a.income_limit_pct_fpl AS "limit",
  b.benefit_scope AS scope_before,
  a.benefit_scope AS scope,
  b.kinds_of_care AS care_before,
  a.kinds_of_care AS care,
  b.charges AS charges_before,
  b.area AS area_before,
  a.area,
  a.charges,
  b.is_free AS free_before,
  a.is_free,
  -- Nothing differs but the ages of the row: it was split, or joined with others.
  a.income_limit_pct_fpl IS b.income_limit_pct_fpl
    AND a.income_disregard_pct IS b.income_disregard_pct
    AND a.enrollment_cap IS b.enrollment_cap
    AND a.benefit_scope IS b.benefit_scope
    AND a.benefits IS b.benefits
    AND a.cost_sharing IS b.cost_sharing
    AND a.area IS b.area
    AND (a.lowest <> b.lowest OR a.highest <> b.highest OR a.applies_to <> b.applies_to)
    AS is_split
FROM (
  SELECT program, population, day, age_min, age_max, 1 AS takes_new, new_before AS before,
    new_after AS after
  FROM change_bands
  UNION ALL
  SELECT program, population, day, age_min, age_max, 0, old_before, old_after
  FROM change_bands
) c
JOIN change_rows b ON b.coverage = c.before
JOIN change_rows a ON a.coverage = c.after AND a.coverage <> b.coverage
GROUP BY c.program, c.population, c.day, c.age_min, c.age_max, b.coverage, a.coverage;

-- What changes, in words: verb phrases whose subject is the program. `field` is the field that
-- says so, `position` the place of the phrase in a sentence, `takes_new` whom a phrase is for:
-- 1 new people, 0 those already enrolled, NULL both. `detail` is a sentence of its own.
CREATE TEMP TABLE change_phrases (
  program TEXT,
  population TEXT,
  day TEXT,
  age_min INTEGER,
  age_max INTEGER,
  record TEXT,
  position INTEGER,
  field TEXT,
  takes_new INTEGER,
  phrase TEXT,
  detail TEXT NOT NULL DEFAULT ''
);

-- Starts and ends, where @ stands for the people. A program that was in force the day before for
-- others is extended to these.
INSERT INTO change_phrases (
  program, population, day, age_min, age_max, record, position, field, takes_new, phrase
)
SELECT
  c.program,
  c.population,
  c.day,
  c.age_min,
  c.age_max,
  c.after,
  0,
  'valid_from',
  NULL,
  CASE
    WHEN a.begins_as = 'start' AND NOT EXISTS (
      SELECT 1 FROM change_rows o WHERE o.program = c.program AND o.valid_from < c.day
    ) THEN 'starts for @'
    WHEN EXISTS (
      SELECT 1
      FROM change_rows o
      WHERE o.program = c.program
        AND (a.begins_as = 'start' OR o.population = c.population)
        AND o.valid_from < c.day
        AND COALESCE(o.valid_to, '~') >= c.day
    ) THEN 'extends to @'
    WHEN a.begins_as = 'start' THEN 'starts again for @'
    ELSE 'changes its rules for @'
  END
  || CASE
    WHEN c.new_after IS NULL THEN ', only those already enrolled'
    WHEN c.old_after IS NULL THEN ', only new applicants'
    WHEN a.begins_as <> 'start' THEN ''
    WHEN a.enrollment_cap IS NOT NULL THEN
      printf(', with a cap of %,d places', a.enrollment_cap)
    WHEN a.enrollment = 'capped' THEN ', with a cap on places'
    ELSE ''
  END
FROM change_bands c
JOIN change_rows a ON a.coverage = c.after
WHERE c.before IS NULL AND a.valid_from = c.day
UNION ALL
SELECT
  program, population, day, age_min, age_max, before, 0, 'valid_to', NULL, 'ends for @'
FROM change_bands
WHERE after IS NULL;

-- Who can join.
INSERT INTO change_phrases (
  program, population, day, age_min, age_max, record, position, field, takes_new, phrase
)
SELECT
  c.program,
  c.population,
  c.day,
  c.age_min,
  c.age_max,
  c.after,
  1,
  'enrollment',
  NULL,
  CASE
    WHEN c.new_after IS NULL THEN 'stops taking new people'
    WHEN c.new_before IS NULL THEN
      'takes new people again'
      || CASE
        WHEN a.enrollment_cap IS NOT NULL THEN
          printf(', up to a cap of %,d places', a.enrollment_cap)
        WHEN a.enrollment = 'capped' THEN ', up to a cap'
        ELSE ''
      END
    ELSE 'now takes new applicants only'
  END
FROM change_bands c
JOIN change_rows a ON a.coverage = c.after
WHERE c.before IS NOT NULL
  AND (
    (c.new_before IS NOT NULL AND c.new_after IS NULL)
    OR (c.new_before IS NULL AND c.new_after IS NOT NULL)
    OR (c.old_before IS NOT NULL AND c.old_after IS NULL)
  );

-- The fields of the rule. What was not recorded before, or is not after, is not said to change.
INSERT INTO change_phrases
SELECT
  program,
  population,
  day,
  age_min,
  age_max,
  after,
  position,
  field,
  CASE WHEN audiences = 2 THEN NULL ELSE takes_new END,
  phrase,
  CASE
    WHEN field IN ('benefits', 'benefit_scope') AND scope = 'reduced' AND phrase NOT LIKE 'drops %'
      THEN ' Benefits from then on: ' || care || '.'
    WHEN field = 'cost_sharing' AND phrase NOT LIKE 'adds a %' THEN
      ' Charges from then on: ' || charges || '.'
    ELSE ''
  END
FROM (
  SELECT
    p.*,
    2 AS position,
    'enrollment_cap' AS field,
    CASE
      WHEN takes_new = 0 THEN NULL
      WHEN enrollment_before = 'open' AND enrollment = 'capped' AND cap IS NOT NULL THEN
        printf('sets a cap of %,d places', cap)
      WHEN enrollment_before = 'open' AND enrollment = 'capped' THEN 'sets a cap on places'
      WHEN enrollment_before = 'capped' AND enrollment = 'open' THEN 'lifts its cap on places'
      WHEN cap > cap_before THEN
        printf('raises its cap from %,d to %,d places', cap_before, cap)
      WHEN cap < cap_before THEN
        printf('lowers its cap from %,d to %,d places', cap_before, cap)
    END AS phrase
  FROM change_pairs p
  UNION ALL
  SELECT
    p.*,
    3,
    'income_limit_pct_fpl',
    CASE
      WHEN "limit" > limit_before THEN 'raises'
      WHEN "limit" < limit_before THEN 'lowers'
    END
    || ' its income limit from ' || limit_before || '% to ' || "limit" || '% of poverty'
  FROM change_pairs p
  UNION ALL
  SELECT
    p.*,
    4,
    CASE WHEN scope = scope_before THEN 'benefits' ELSE 'benefit_scope' END,
    CASE
      WHEN scope = scope_before AND care IS care_before THEN NULL
      WHEN scope_before IS NULL OR scope IS NULL OR care LIKE '%not established%' THEN NULL
      WHEN scope_before = 'full' AND scope = 'reduced' AND care LIKE 'all but %' THEN
        'drops ' || substr(care, 9)
      WHEN scope_before = 'reduced' AND scope = 'full' AND care_before LIKE 'all but %' THEN
        'adds ' || substr(care_before, 9)
      WHEN scope = 'full' THEN 'goes over to full benefits'
      WHEN scope = 'reduced' AND scope_before = 'reduced' THEN 'changes its benefits'
      WHEN scope = 'reduced' THEN 'goes over to reduced benefits'
      WHEN scope = 'partial' AND scope_before = 'partial' THEN 'changes the kinds of care'
      WHEN scope = 'partial' THEN 'goes over to some kinds of care only'
      WHEN scope = 'premium_subsidy' THEN 'goes over to help with premiums only'
    END
  FROM change_pairs p
  UNION ALL
  SELECT
    p.*,
    5,
    'cost_sharing',
    CASE
      WHEN charges IS NULL OR charges = charges_before OR (is_free AND free_before) THEN NULL
      WHEN charges LIKE 'premium of %' AND (charges_before IS NULL OR free_before) THEN
        'adds a ' || charges
      WHEN charges_before IS NULL AND is_free THEN NULL
      WHEN charges_before IS NULL OR free_before THEN 'adds charges'
      ELSE 'changes its charges'
    END
  FROM change_pairs p
  UNION ALL
  SELECT
    p.*,
    6,
    'area',
    CASE
      WHEN area IS area_before THEN NULL
      WHEN area IS NULL THEN 'extends to the whole jurisdiction'
      WHEN area_before IS NULL THEN 'now runs ' || area || ' only'
      ELSE 'now runs ' || area
    END
  FROM change_pairs p
) f
WHERE phrase IS NOT NULL;

-- The rules changed, but no field shows how: the note says it.
INSERT INTO change_phrases (
  program, population, day, age_min, age_max, record, position, field, takes_new, phrase
)
SELECT
  p.program,
  p.population,
  p.day,
  p.age_min,
  p.age_max,
  p.after,
  9,
  '',
  NULL,
  'changes its rules'
FROM change_pairs p
LEFT JOIN change_phrases f ON f.program = p.program
  AND f.population = p.population
  AND f.day = p.day
  AND f.age_min = p.age_min
WHERE f.phrase IS NULL AND p.is_split = 0
GROUP BY p.program, p.population, p.day, p.age_min, p.age_max;
