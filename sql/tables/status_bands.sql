-- First step of the reduction from rows to one answer, which docs/method/protocol.md describes
-- under "One answer": for each jurisdiction, population, period and band of ages, the rows in force
-- and the rank of the best of them.
CREATE TEMP TABLE status_bands (
  jurisdiction TEXT,
  population TEXT,
  valid_from TEXT,
  valid_to TEXT,
  age_min INTEGER,
  age_max INTEGER,
  "rank" INTEGER,
  "table" TEXT,
  record TEXT,
  speaks INTEGER
);

-- One row for each band of ages and each row that is in force for it. `rank` is that of the best
-- row of the band, and `speaks` tells the rows that have it.
INSERT INTO status_bands
WITH days AS (
  SELECT about AS jurisdiction, day FROM boundaries WHERE subject = 'coverage'
  UNION
  SELECT jurisdiction, '0001-01-01' FROM jurisdictions
),
periods AS (
  SELECT
    jurisdiction,
    day AS valid_from,
    LEAD(day) OVER (PARTITION BY jurisdiction ORDER BY day) AS valid_to
  FROM days
),
-- Rows that answer, with the ages that they are about. An absence is about the ages that its
-- population always answers, unless it names others.
answers AS (
  SELECT
    jurisdiction,
    population,
    COALESCE(age_min, 0) AS age_min,
    COALESCE(age_max, 120) AS age_max,
    valid_from,
    valid_to,
    CASE
      WHEN benefit_scope = 'premium_subsidy' THEN 4
      WHEN benefit_scope = 'partial' THEN 5
      WHEN enrollment = 'open' THEN 1
      WHEN enrollment = 'capped' THEN 2
      ELSE 3
    END AS "rank",
    'coverage' AS "table",
    coverage AS record
  FROM coverage_rules
  WHERE status_scope = 'any_status'
  UNION ALL
  SELECT
    a.jurisdiction,
    a.population,
    COALESCE(a.age_min, p.core_age_min, 0),
    COALESCE(a.age_max, p.core_age_max, 120),
    a.valid_from,
    a.valid_to,
    CASE a.finding WHEN 'none' THEN 6 ELSE 7 END,
    'absences',
    a.absence
  FROM absences a
  JOIN populations p ON p.population = a.population
),
-- The ages at which an answer may change, in any period.
edges AS (
  SELECT j.jurisdiction, p.population, COALESCE(p.core_age_min, 0) AS age
  FROM jurisdictions j
  CROSS JOIN populations p
  UNION
  SELECT j.jurisdiction, p.population, COALESCE(p.core_age_max, 120) + 1
  FROM jurisdictions j
  CROSS JOIN populations p
  UNION
  SELECT a.jurisdiction, p.population, a.age_min
  FROM answers a
  JOIN populations q ON q.population = a.population
  JOIN populations p ON p.population = a.population
    OR (p.core_age_min IS NOT NULL AND q.core_age_min IS NOT NULL)
  UNION
  SELECT a.jurisdiction, p.population, a.age_max + 1
  FROM answers a
  JOIN populations q ON q.population = a.population
  JOIN populations p ON p.population = a.population
    OR (p.core_age_min IS NOT NULL AND q.core_age_min IS NOT NULL)
),
bands AS (
  SELECT jurisdiction, population, age_min, next_age - 1 AS age_max
  FROM (
    SELECT
      jurisdiction,
      population,
      age AS age_min,
      LEAD(age) OVER (PARTITION BY jurisdiction, population ORDER BY age) AS next_age
    FROM edges
  ) e
  WHERE next_age IS NOT NULL
),
in_force AS (
  SELECT
    b.jurisdiction,
    b.population,
    d.valid_from,
    d.valid_to,
    b.age_min,
    b.age_max,
    a."rank",
    a."table",
    a.record
  FROM bands b
  JOIN periods d ON d.jurisdiction = b.jurisdiction
  JOIN answers a ON a.jurisdiction = b.jurisdiction
    AND a.population = b.population
    AND a.age_min <= b.age_min
    AND b.age_max <= a.age_max
    AND a.valid_from <= d.valid_from
    AND (a.valid_to IS NULL OR d.valid_from < a.valid_to)
),
-- Ages that the population always answers, and for which no row is in force. Where a program counts
-- them into another group by age, that group answers; otherwise nothing is recorded.
unanswered AS (
  SELECT
    b.jurisdiction,
    b.population,
    d.valid_from,
    d.valid_to,
    b.age_min,
    b.age_max
  FROM bands b
  JOIN populations p ON p.population = b.population
    AND b.age_min BETWEEN COALESCE(p.core_age_min, 0) AND COALESCE(p.core_age_max, 120)
  JOIN periods d ON d.jurisdiction = b.jurisdiction
  LEFT JOIN in_force f ON f.jurisdiction = b.jurisdiction
    AND f.age_min = b.age_min
    AND f.valid_from = d.valid_from
    AND (
      f.population = b.population
      OR (
        p.core_age_min IS NOT NULL
        AND f.population IN ('child', 'adult', 'older_adult')
        AND f."table" = 'coverage'
      )
    )
  WHERE f.record IS NULL
),
best AS (
  SELECT
    f.*,
    MIN(f."rank") OVER (
      PARTITION BY f.jurisdiction, f.population, f.valid_from, f.age_min
    ) AS best_rank
  FROM in_force f
)
SELECT
  jurisdiction,
  population,
  valid_from,
  valid_to,
  age_min,
  age_max,
  best_rank,
  "table",
  record,
  CASE WHEN "rank" = best_rank THEN 1 ELSE 0 END
FROM best
UNION ALL
SELECT jurisdiction, population, valid_from, valid_to, age_min, age_max, 8, NULL, NULL, 1
FROM unanswered;
