-- title: Who is covered on a date?
-- description: Every jurisdiction and population with its programs in force on the date, or the
--   cited absence. Leave a field empty for all; an empty date means the day through which the data
--   goes.
-- position: 1
-- parameters:
--   as_of: date
--   population: populations.population
--   jurisdiction: jurisdictions.jurisdiction
--   known_at: date

-- The answer regardless of status comes first, then programs for some statuses. With known_at: as
-- the dataset stood on that day, by the releases published until then. A program that asks for a
-- status is no answer on coverage regardless of status: where only such a program is in force, a
-- row says what is known apart from it. Ages for which nothing is recorded, as on days before the
-- dataset begins, get a row that says so: no answer is an empty page, and each age that a
-- population always answers has one. `uncertain` names the fields that are disputed or reported,
-- with reasons. `last_checked` is the day of the last look at any source of the record.
WITH asked AS (
  SELECT
    COALESCE(NULLIF(:as_of, ''), data_through) AS as_of,
    CASE
      WHEN :known_at = '' OR :known_at > '9999-12-30' THEN '9999-12-30'
      ELSE :known_at
    END AS known_at,
    data_through,
    complete_from,
    version
  FROM dataset
),
pairs AS (
  SELECT j.jurisdiction, j.name AS jurisdiction_name, p.population
  FROM jurisdictions j
  CROSS JOIN populations p
  -- BETWEEN selects all jurisdictions or one, and still uses the index.
  WHERE j.jurisdiction BETWEEN :jurisdiction AND COALESCE(NULLIF(:jurisdiction, ''), '~')
    AND (:population = '' OR p.population = :population)
),
covered AS (
  SELECT r.*
  FROM coverage_rules_known r, asked
  WHERE r.jurisdiction BETWEEN :jurisdiction AND COALESCE(NULLIF(:jurisdiction, ''), '~')
    AND r.known_from <= asked.known_at
    AND asked.known_at < r.known_to
    AND r.valid_from <= asked.as_of
    AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
),
absent AS (
  SELECT
    a.jurisdiction,
    a.population,
    a.absence,
    a.finding,
    a.basis,
    a.note,
    a.valid_from,
    a.valid_to,
    CASE
      WHEN a.age_max IS NULL THEN a.age_min
      ELSE COALESCE(a.age_min, p.core_age_min, 0)
    END AS age_min,
    CASE WHEN a.age_min IS NULL THEN a.age_max ELSE COALESCE(a.age_max, p.core_age_max) END
      AS age_max
  FROM absences_known a
  JOIN populations p ON p.population = a.population
  CROSS JOIN asked
  WHERE a.jurisdiction BETWEEN :jurisdiction AND COALESCE(NULLIF(:jurisdiction, ''), '~')
    AND a.known_from <= asked.known_at
    AND asked.known_at < a.known_to
    AND a.valid_from <= asked.as_of
    AND (a.valid_to IS NULL OR asked.as_of < a.valid_to)
),
-- The ages at which an answer may change, and the bands between them.
edges AS (
  SELECT x.jurisdiction, x.population, COALESCE(p.core_age_min, 0) AS age
  FROM pairs x
  JOIN populations p ON p.population = x.population
  UNION
  SELECT x.jurisdiction, x.population, COALESCE(p.core_age_max, 120) + 1
  FROM pairs x
  JOIN populations p ON p.population = x.population
  UNION
  SELECT jurisdiction, population, age_min FROM absent WHERE age_min IS NOT NULL
  UNION
  SELECT jurisdiction, population, age_max + 1 FROM absent WHERE age_max IS NOT NULL
  UNION
  SELECT x.jurisdiction, x.population, c.age_min
  FROM pairs x
  JOIN covered c ON c.jurisdiction = x.jurisdiction AND c.age_min IS NOT NULL
  UNION
  SELECT x.jurisdiction, x.population, c.age_max + 1
  FROM pairs x
  JOIN covered c ON c.jurisdiction = x.jurisdiction AND c.age_max IS NOT NULL
),
bands AS (
  SELECT e.jurisdiction, e.population, e.age AS age_min, e.next_age - 1 AS age_max
  FROM (
    SELECT
      jurisdiction,
      population,
      age,
      LEAD(age) OVER (PARTITION BY jurisdiction, population ORDER BY age) AS next_age
    FROM edges
  ) e
  JOIN populations p ON p.population = e.population
  WHERE e.age BETWEEN COALESCE(p.core_age_min, 0) AND COALESCE(p.core_age_max, 120)
),
-- Bands without a row of their own. `other` is another group by age that a program counts them
-- into.
unanswered AS (
  SELECT
    b.jurisdiction,
    b.population,
    b.age_min,
    b.age_max,
    COALESCE(
      MAX(CASE WHEN p.core_age_min IS NOT NULL AND o.core_age_min IS NOT NULL THEN o.label END),
      ''
    ) AS other
  FROM bands b
  JOIN populations p ON p.population = b.population
  LEFT JOIN covered c ON c.jurisdiction = b.jurisdiction
    AND c.status_scope = 'any_status'
    AND b.age_min BETWEEN COALESCE(c.age_min, 0) AND COALESCE(c.age_max, 120)
  LEFT JOIN populations o ON o.population = c.population
  LEFT JOIN absent a ON a.jurisdiction = b.jurisdiction
    AND a.population = b.population
    AND b.age_min BETWEEN COALESCE(a.age_min, 0) AND COALESCE(a.age_max, 120)
  GROUP BY b.jurisdiction, b.population, b.age_min, b.age_max
  HAVING COUNT(a.absence) = 0
    AND COUNT(CASE WHEN c.population = b.population THEN 1 END) = 0
),
-- Bands next to each other are one, and the whole population needs no ages.
unrecorded AS (
  SELECT
    u.jurisdiction,
    u.population,
    u.other,
    CASE
      WHEN MIN(u.age_min) = COALESCE(MIN(p.core_age_min), 0)
        AND MAX(u.age_max) = COALESCE(MIN(p.core_age_max), 120) THEN NULL
      ELSE MIN(u.age_min)
    END AS age_min,
    CASE
      WHEN MAX(u.age_max) = 120
        OR (
          MIN(u.age_min) = COALESCE(MIN(p.core_age_min), 0)
          AND MAX(u.age_max) = COALESCE(MIN(p.core_age_max), 120)
        ) THEN NULL
      ELSE MAX(u.age_max)
    END AS age_max
  FROM (
    SELECT
      n.*,
      SUM(starts) OVER (
        PARTITION BY jurisdiction, population
        ORDER BY age_min
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS island
    FROM (
      SELECT
        u.*,
        CASE
          WHEN other = LAG(other) OVER w AND age_min = LAG(age_max) OVER w + 1 THEN 0
          ELSE 1
        END AS starts
      FROM unanswered u
      WINDOW w AS (PARTITION BY jurisdiction, population ORDER BY age_min)
    ) n
  ) u
  JOIN populations p ON p.population = u.population
  GROUP BY u.jurisdiction, u.population, u.other, u.island
),
answers AS (
  -- Programs in force.
  SELECT
    x.jurisdiction,
    x.jurisdiction_name,
    x.population,
    c.program,
    c.name,
    c.administered_by,
    c.funding,
    c.status_scope,
    c.authority,
    c.url,
    c.age_min,
    c.age_max,
    c.income_limit_pct_fpl,
    c.income_disregard_pct,
    c.enrollment,
    c.enrollment_cap,
    c.applies_to,
    c.benefit_scope,
    c.benefits,
    c.cost_sharing,
    c.area,
    c.valid_from,
    c.valid_from_precision,
    c.valid_to,
    c.begins_as,
    c.standing,
    NULL AS finding,
    NULL AS basis,
    c.note,
    c.coverage,
    NULL AS absence,
    'coverage' AS "table",
    c.coverage AS record,
    c.starts_by,
    c.known_to
  FROM pairs x
  JOIN covered c ON c.jurisdiction = x.jurisdiction AND c.population = x.population
  UNION ALL
  -- Absences: no program, or not established.
  SELECT
    x.jurisdiction, x.jurisdiction_name, x.population,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- program to url
    a.age_min, a.age_max,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- income_limit_pct_fpl to area
    a.valid_from, NULL, a.valid_to,
    NULL, NULL, -- begins_as, standing
    a.finding, a.basis, a.note,
    NULL, -- coverage
    a.absence,
    'absences', a.absence,
    NULL, NULL -- starts_by, known_to
  FROM pairs x
  JOIN absent a ON a.jurisdiction = x.jurisdiction AND a.population = x.population
  UNION ALL
  -- Ages that are counted into another group, and ages for which nothing is recorded.
  SELECT
    x.jurisdiction, x.jurisdiction_name, x.population,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- program to url
    u.age_min, u.age_max,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- income_limit_pct_fpl to area
    NULL, NULL, NULL, NULL, NULL, -- valid_from to standing
    CASE u.other WHEN '' THEN 'not_established' ELSE 'other_group' END,
    NULL, -- basis
    CASE
      WHEN u.other <> '' THEN
        'People of these ages are counted as ' || lower(u.other) || ' here: see that group.'
      WHEN (SELECT known_at FROM asked) < (SELECT MIN(date) FROM releases) THEN
        'Nothing had been published on the day given as known_at.'
      ELSE
        'Nothing is recorded for this day. The dataset answers every day from '
          || (SELECT complete_from FROM asked)
          || ' on, and earlier days only where a program of that time is recorded.'
    END,
    NULL, NULL, NULL, NULL, NULL, NULL -- coverage to known_to
  FROM unrecorded u
  JOIN pairs x ON x.jurisdiction = u.jurisdiction AND x.population = u.population
)
SELECT
  asked.as_of,
  a.jurisdiction,
  a.jurisdiction_name,
  a.population,
  CASE
    WHEN a.finding = 'other_group' THEN
      'Counted into another group by age' || a.ages || ': see the note.'
    WHEN a.finding = 'none' THEN
      'No program regardless of immigration status' || a.ages || ': '
        || CASE a.basis
          WHEN 'stated' THEN 'a source says so.'
          ELSE 'not named in a list given as complete.'
        END
    WHEN a.finding = 'not_established' THEN
      'Not established' || a.ages || ': we could not confirm whether there is a program '
        || 'regardless of immigration status.'
    ELSE
      CASE
        WHEN a.standing IN ('reported', 'alleged') THEN
          upper(substr(a.standing, 1, 1)) || substr(a.standing, 2) || ', not established: '
        ELSE ''
      END
      || CASE a.benefit_scope
        WHEN 'partial' THEN a.benefits || ' only: '
        WHEN 'premium_subsidy' THEN 'Help with premiums only: '
        ELSE ''
      END
      || CASE
        WHEN a.benefit_scope IN ('partial', 'premium_subsidy') THEN
          CASE
            WHEN a.enrollment = 'closed_to_new' THEN
              'closed to new applicants; people already enrolled'
            WHEN a.enrollment = 'capped' THEN 'for people up to a cap (places may be full),'
            WHEN a.applies_to = 'current_enrollees' THEN 'for people already enrolled'
            WHEN a.applies_to = 'new_applicants' THEN 'for new applicants'
            ELSE 'for people'
          END
        WHEN a.enrollment = 'closed_to_new' THEN
          'Closed to new applicants; people already enrolled'
        WHEN a.enrollment = 'capped' THEN 'Open up to a cap; places may be full;'
        WHEN a.applies_to = 'current_enrollees' THEN 'People already enrolled'
        WHEN a.applies_to = 'new_applicants' THEN 'New applicants'
        ELSE 'Open'
      END
      || CASE a.status_scope
        WHEN 'any_status' THEN ' regardless of immigration status'
        WHEN 'lawfully_present' THEN ', lawfully present noncitizens only'
        ELSE ', only the immigration statuses its rules list'
      END
      || a.ages
      || COALESCE(', ' || a.area || ' only', '')
      || CASE
        WHEN a.income_limit_pct_fpl IS NULL THEN ''
        ELSE ', income up to ' || a.income_limit_pct_fpl || '% of poverty'
      END
      || CASE
        WHEN a.benefit_scope IS NULL THEN '; how much care it pays for is not established'
        WHEN a.benefit_scope = 'reduced' THEN
          '; reduced benefits: ' || lower(substr(a.benefits, 1, 1)) || substr(a.benefits, 2)
        ELSE ''
      END
      || CASE
        WHEN a.valid_from IS NULL
          OR a.valid_from_precision = 'day'
          OR asked.as_of > a.starts_by THEN ''
        WHEN a.begins_as = 'evidence' THEN
          ' (shown by sources from this ' || a.valid_from_precision
            || ' on; the rules may be older)'
        ELSE ' (began in this ' || a.valid_from_precision || '; the day is not known)'
      END
      || '.'
      || COALESCE(d.doubt_in_words, '')
  END
  || CASE
    WHEN asked.as_of > asked.data_through THEN ' As scheduled on ' || asked.data_through || '.'
    ELSE ''
  END AS in_words,
  a.program,
  a.name,
  a.administered_by,
  a.funding,
  a.status_scope,
  a.authority,
  a.url,
  a.age_min,
  a.age_max,
  a.income_limit_pct_fpl,
  a.income_disregard_pct,
  a.enrollment,
  a.enrollment_cap,
  a.applies_to,
  a.benefit_scope,
  a.benefits,
  a.cost_sharing,
  a.area,
  a.valid_from,
  a.valid_from_precision,
  a.valid_to,
  a.begins_as,
  a.standing,
  d.uncertain,
  a.finding,
  a.basis,
  a.note,
  a.coverage,
  a.absence,
  rc.last_checked,
  COALESCE(rc.citations, 'No source: searched without result') AS citations,
  asked.data_through,
  asked.version AS dataset_version
FROM (
  SELECT
    *,
    CASE
      WHEN age_min IS NULL AND age_max IS NULL THEN ''
      WHEN age_min = age_max THEN ', age ' || age_min
      WHEN age_max IS NULL THEN ', ages ' || age_min || ' and over'
      ELSE ', ages ' || COALESCE(age_min, 0) || ' to ' || age_max
    END AS ages
  FROM answers
) a
CROSS JOIN asked
-- What is doubtful of a row as it stands now; earlier states of a row have no record of it.
LEFT JOIN coverage_doubts d ON d.coverage = a.coverage AND a.known_to = '9999-12-31'
LEFT JOIN record_citations rc ON rc."table" = a."table" AND rc.record = a.record
ORDER BY
  a.jurisdiction,
  a.population,
  COALESCE(a.status_scope, 'any_status') <> 'any_status',
  COALESCE(a.benefit_scope, '') IN ('partial', 'premium_subsidy'),
  a.program IS NULL,
  a.program,
  a.age_min NULLS FIRST,
  a.applies_to
