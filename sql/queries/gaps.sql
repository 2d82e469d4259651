-- title: What is not known on a date?
-- description: Answers that are not established, and rows that are reported, alleged or disputed.
--   For days before the dataset answers every day (complete_from in the table dataset) one row
--   says how many are not recorded; coverage_on shows which.
-- position: 9
-- parameters:
--   as_of: date

-- Answers that are not established, and rows that are not shown as established. A day before the
-- dataset is complete has one row more, without a record: for how many groups nothing is recorded.
WITH asked AS (
  SELECT
    COALESCE(NULLIF(:as_of, ''), data_through) AS as_of,
    data_through,
    complete_from,
    version
  FROM dataset
),
-- How many groups have neither a program nor an absence on the day.
unrecorded AS (
  SELECT COUNT(*) AS pairs
  FROM jurisdictions j
  CROSS JOIN populations p
  CROSS JOIN asked
  WHERE asked.as_of < asked.complete_from
    AND NOT EXISTS (
      SELECT 1
      FROM coverage_rules r
      WHERE r.jurisdiction = j.jurisdiction
        AND r.population = p.population
        AND r.status_scope = 'any_status'
        AND r.valid_from <= asked.as_of
        AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
    )
    AND NOT EXISTS (
      SELECT 1
      FROM absences a
      WHERE a.jurisdiction = j.jurisdiction
        AND a.population = p.population
        AND a.valid_from <= asked.as_of
        AND (a.valid_to IS NULL OR asked.as_of < a.valid_to)
    )
),
open AS (
  SELECT
    'absences' AS "table",
    a.absence AS record,
    a.jurisdiction,
    a.population AS subject,
    a.finding AS standing,
    a.note
  FROM absences a, asked
  WHERE a.finding = 'not_established'
    AND a.valid_from <= asked.as_of
    AND (a.valid_to IS NULL OR asked.as_of < a.valid_to)
  UNION ALL
  SELECT
    'coverage',
    r.coverage,
    r.jurisdiction,
    r.name || ', ' || r.population,
    r.standing,
    r.note
  FROM coverage_rules r, asked
  WHERE r.standing <> 'established'
    AND r.valid_from <= asked.as_of
    AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
  UNION ALL
  SELECT
    'roles',
    r.role_id,
    r.jurisdiction,
    r.party || ', ' || r.court_case,
    r.standing,
    r.note
  FROM roles r, asked
  WHERE r.standing <> 'established'
    AND r.valid_from <= asked.as_of
    AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
  UNION ALL
  SELECT
    'events',
    e.event,
    e.jurisdiction,
    e.title,
    e.standing,
    e.summary
  FROM events e, asked
  WHERE e.standing <> 'established'
    AND e.date <= asked.as_of
  UNION ALL
  SELECT
    NULL,
    NULL,
    NULL,
    'coverage',
    'not_established',
    'Nothing is recorded on this day for ' || u.pairs || ' of '
      || (SELECT COUNT(*) FROM jurisdictions CROSS JOIN populations)
      || ' groups of people by jurisdiction, which are not listed one by one. '
      || 'The dataset answers every day from ' || asked.complete_from || ' on.'
  FROM unrecorded u
  CROSS JOIN asked
  WHERE u.pairs > 0
)
SELECT
  asked.as_of,
  o.*,
  COALESCE(
    rc.citations,
    CASE
      WHEN o.record IS NULL THEN 'No source: nothing is recorded'
      ELSE 'No source: searched without result'
    END
  ) AS citations,
  asked.data_through,
  asked.version AS dataset_version
FROM open o
CROSS JOIN asked
LEFT JOIN record_citations rc ON rc."table" = o."table" AND rc.record = o.record
ORDER BY o."table" NULLS FIRST, o.jurisdiction NULLS FIRST, o.record
