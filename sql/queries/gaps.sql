-- What the dataset does not know on a day: answers not established, and rows not shown as established.
WITH asked AS (
  SELECT COALESCE(NULLIF(:as_of, ''), data_through) AS as_of, data_through, version FROM dataset
),
open AS (
  SELECT 'absences' AS "table", a.absence AS record, a.jurisdiction, a.population AS subject, a.finding AS standing, a.note
  FROM absences a, asked WHERE a.finding = 'not_established' AND a.valid_from <= asked.as_of AND (a.valid_to IS NULL OR asked.as_of < a.valid_to)
  UNION ALL
  SELECT 'coverage', r.coverage, r.jurisdiction, r.name || ', ' || r.population, r.standing, r.note
  FROM coverage_rules r, asked WHERE r.standing <> 'established' AND r.valid_from <= asked.as_of AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
  UNION ALL
  SELECT 'roles', r.role_id, r.jurisdiction, r.party || ', ' || r.court_case, r.standing, r.note
  FROM roles r, asked WHERE r.standing <> 'established' AND r.valid_from <= asked.as_of AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
  UNION ALL
  SELECT 'events', e.event, e.jurisdiction, e.title, e.standing, e.summary
  FROM events e, asked WHERE e.standing <> 'established' AND e.date <= asked.as_of
)
SELECT asked.as_of, o.*, COALESCE(rc.citations, 'No source: searched without result') AS citations, asked.data_through, asked.version AS dataset_version
FROM open o CROSS JOIN asked
LEFT JOIN record_citations rc ON rc."table" = o."table" AND rc.record = o.record
ORDER BY o."table", o.jurisdiction NULLS FIRST, o.record
