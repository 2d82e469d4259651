-- title: What changed, and what is scheduled?
-- description: Starts, changes and ends of coverage, in words, with roles, orders and other events,
--   in date order, past and scheduled. Ages and groups that change alike are one row.
-- position: 7
-- parameters:
--   jurisdiction: jurisdictions.jurisdiction
--   court_case: cases.court_case
--   population: populations.population

-- An event of a case is shown for a jurisdiction that is or was a party of it. `population` is the
-- one asked about, or the first of `populations`.
WITH found AS (
  SELECT t.*
  FROM dated_changes t
  WHERE (:court_case = '' OR t.court_case = :court_case)
  AND (:population = '' OR ' ' || t.populations || ' ' LIKE '% ' || :population || ' %')
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
SELECT
  t.date,
  t.date_precision,
  CASE WHEN t.date > d.data_through THEN 1 ELSE 0 END AS scheduled,
  t.kind,
  t.jurisdiction,
  t.court_case,
  CASE WHEN :population = '' THEN t.population ELSE :population END AS population,
  t.title,
  CASE WHEN t.date > d.data_through THEN 'Scheduled for ' ELSE '' END || t.in_words AS in_words,
  t.populations,
  t.ages,
  t.summary,
  t.standing,
  t.uncertain,
  t."table",
  t.record,
  t.records,
  t.change,
  COALESCE(rc.citations, 'No source') AS citations,
  d.data_through,
  d.version AS dataset_version
FROM found t
CROSS JOIN dataset d
LEFT JOIN record_citations rc ON rc."table" = t."table" AND rc.record = t.record
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
  'Nothing dated is recorded.',
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  'No source',
  d.data_through,
  d.version
FROM dataset d
WHERE NOT EXISTS (SELECT 1 FROM found)
ORDER BY 1, 4, 8, 15, 16, 18
