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
-- row says what is known apart from it. A day before the dataset begins gets a row that says so:
-- no answer is an empty page.
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
  SELECT a.*
  FROM absences_known a, asked
  WHERE a.jurisdiction BETWEEN :jurisdiction AND COALESCE(NULLIF(:jurisdiction, ''), '~')
    AND a.known_from <= asked.known_at
    AND asked.known_at < a.known_to
    AND a.valid_from <= asked.as_of
    AND (a.valid_to IS NULL OR asked.as_of < a.valid_to)
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
    c.starts_by
  FROM pairs x
  JOIN covered c ON c.jurisdiction = x.jurisdiction AND c.population = x.population
  UNION ALL
  -- Absences: no program, or not established.
  SELECT
    x.jurisdiction, x.jurisdiction_name, x.population,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- program to url
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- age_min to cost_sharing
    a.valid_from, NULL, a.valid_to,
    NULL, NULL, -- begins_as, standing
    a.finding, a.basis, a.note,
    NULL, -- coverage
    a.absence,
    'absences', a.absence,
    NULL -- starts_by
  FROM pairs x
  JOIN absent a ON a.jurisdiction = x.jurisdiction AND a.population = x.population
  UNION ALL
  -- Nothing recorded.
  SELECT
    x.jurisdiction, x.jurisdiction_name, x.population,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- program to url
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- age_min to cost_sharing
    NULL, NULL, NULL, NULL, NULL, -- valid_from to standing
    'not_established',
    NULL, -- basis
    CASE
      WHEN (SELECT known_at FROM asked) < (SELECT MIN(date) FROM releases) THEN
        'Nothing had been published on the day given as known_at.'
      ELSE
        'Nothing is recorded for this day. The dataset answers every day from '
          || (SELECT complete_from FROM asked)
          || ' on, and earlier days only where a program of that time is recorded.'
    END,
    NULL, NULL, NULL, NULL, NULL -- coverage to starts_by
  FROM pairs x
  WHERE NOT EXISTS (
      SELECT 1
      FROM covered c
      WHERE c.jurisdiction = x.jurisdiction
        AND c.population = x.population
        AND c.status_scope = 'any_status'
    )
    AND NOT EXISTS (
      SELECT 1
      FROM absent a
      WHERE a.jurisdiction = x.jurisdiction AND a.population = x.population
    )
)
SELECT
  asked.as_of,
  a.jurisdiction,
  a.jurisdiction_name,
  a.population,
  CASE
    WHEN a.finding = 'none' THEN
      'No program regardless of immigration status: '
        || CASE a.basis
          WHEN 'stated' THEN 'a source says so.'
          ELSE 'not named in a list given as complete.'
        END
    WHEN a.finding = 'not_established' THEN
      'Not established: we could not confirm whether there is a program '
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
      || CASE
        WHEN a.age_min IS NULL AND a.age_max IS NULL THEN ''
        WHEN a.age_max IS NULL THEN ', ages ' || a.age_min || ' and over'
        ELSE ', ages ' || COALESCE(a.age_min, 0) || ' to ' || a.age_max
      END
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
      || CASE a.standing
        WHEN 'disputed' THEN '; sources disagree on part of this, see the note.'
        ELSE '.'
      END
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
  a.valid_from,
  a.valid_from_precision,
  a.valid_to,
  a.begins_as,
  a.standing,
  a.finding,
  a.basis,
  a.note,
  a.coverage,
  a.absence,
  COALESCE(rc.citations, 'No source: searched without result') AS citations,
  asked.data_through,
  asked.version AS dataset_version
FROM answers a
CROSS JOIN asked
LEFT JOIN record_citations rc ON rc."table" = a."table" AND rc.record = a.record
ORDER BY
  a.jurisdiction,
  a.population,
  COALESCE(a.status_scope, 'any_status') <> 'any_status',
  a.program IS NULL,
  a.program,
  a.age_min NULLS FIRST,
  a.applies_to
