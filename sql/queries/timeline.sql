-- title: What changed, and what is scheduled?
-- description: Starts, changes and ends of coverage, roles, orders and other events, in date
--   order, past and scheduled.
-- position: 7
-- parameters:
--   jurisdiction: jurisdictions.jurisdiction
--   court_case: cases.court_case
--   population: populations.population

-- An event of a case is shown for a jurisdiction that is or was a party of it.
SELECT
  t.date,
  t.date_precision,
  CASE WHEN t.date > d.data_through THEN 1 ELSE 0 END AS scheduled,
  t.kind,
  t.jurisdiction,
  t.court_case,
  t.population,
  t.title,
  t.summary,
  t.standing,
  t."table",
  t.record,
  COALESCE(rc.citations, 'No source') AS citations,
  d.data_through,
  d.version AS dataset_version
FROM dated_changes t
CROSS JOIN dataset d
LEFT JOIN record_citations rc ON rc."table" = t."table" AND rc.record = t.record
WHERE (:court_case = '' OR t.court_case = :court_case)
  AND (:population = '' OR t.population = :population)
  AND (
    :jurisdiction = ''
    OR t.jurisdiction = :jurisdiction
    OR (
      t.jurisdiction IS NULL
      AND t."table" = 'events'
      AND EXISTS (
        SELECT 1
        FROM roles r
        WHERE r.court_case = t.court_case
          AND r.jurisdiction = :jurisdiction
          AND r.role <> 'none_found'
      )
    )
  )
UNION ALL
-- Where nothing is found, one row says so: an answer is never empty.
SELECT
  d.data_through,
  'day',
  0,
  'none',
  NULLIF(:jurisdiction, ''),
  NULLIF(:court_case, ''),
  NULLIF(:population, ''),
  'Nothing dated is recorded',
  NULL,
  NULL,
  NULL,
  NULL,
  'No source',
  d.data_through,
  d.version
FROM dataset d
WHERE NOT EXISTS (
  SELECT 1
  FROM dated_changes t
  WHERE (:court_case = '' OR t.court_case = :court_case)
    AND (:population = '' OR t.population = :population)
    AND (
      :jurisdiction = ''
      OR t.jurisdiction = :jurisdiction
      OR (
        t.jurisdiction IS NULL
        AND t."table" = 'events'
        AND EXISTS (
          SELECT 1
          FROM roles r
          WHERE r.court_case = t.court_case
            AND r.jurisdiction = :jurisdiction
            AND r.role <> 'none_found'
        )
      )
    )
)
ORDER BY 1, 4, 8, 11, 12
