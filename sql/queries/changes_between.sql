-- title: What changed between two dates?
-- description: What changed in the world after one date and up to another, in words and in date
--   order. An empty end means the day through which the data goes, and an empty start one year
--   before the end. Corrections of the dataset are no changes of the world, so they are not here.
-- position: 6
-- parameters:
--   from: date
--   to: date
--   jurisdiction: jurisdictions.jurisdiction
--   population: populations.population

-- A change on the day `to` is in, one on the day `from` is not: what holds on that day already
-- includes it. So neighboring stretches never share a change. Parties of a case are shown where
-- they are a jurisdiction; an event of a case also for a jurisdiction that is or was its party.
WITH ends AS (
  SELECT
    COALESCE(NULLIF(:to, ''), data_through) AS end_day,
    data_through,
    complete_from,
    version
  FROM dataset
),
asked AS (
  SELECT
    COALESCE(
      NULLIF(:from, ''),
      substr((CAST(substr(end_day, 1, 4) AS INTEGER) + 9999) || '', 2)
        || CASE WHEN substr(end_day, 5) = '-02-29' THEN '-02-28' ELSE substr(end_day, 5) END
    ) AS start_day,
    end_day,
    data_through,
    complete_from,
    version
  FROM ends
),
found AS (
  SELECT t.*
  FROM dated_changes t
  JOIN asked a ON t.date > a.start_day AND t.date <= a.end_day
  WHERE (:population = '' OR ' ' || t.populations || ' ' LIKE '% ' || :population || ' %')
  AND (t."table" <> 'roles' OR t.jurisdiction IS NOT NULL)
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
  a.start_day AS "from",
  a.end_day AS "to",
  t.date,
  t.date_precision,
  CASE WHEN t.date > a.data_through THEN 1 ELSE 0 END AS scheduled,
  t.kind,
  t.jurisdiction,
  t.court_case,
  CASE WHEN :population = '' THEN t.population ELSE :population END AS population,
  CASE WHEN t.date > a.data_through THEN 'Scheduled for ' ELSE '' END || t.in_words AS in_words,
  t.title,
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
  a.data_through,
  a.version AS dataset_version
FROM found t
CROSS JOIN asked a
LEFT JOIN record_citations rc ON rc."table" = t."table" AND rc.record = t.record
UNION ALL
-- Where nothing changed, one row says so: an answer is never empty.
SELECT
  a.start_day,
  a.end_day,
  a.end_day,
  'day',
  CASE WHEN a.end_day > a.data_through THEN 1 ELSE 0 END,
  'none',
  NULLIF(:jurisdiction, ''),
  NULL,
  NULLIF(:population, ''),
  CASE
    WHEN a.start_day > a.end_day THEN
      'The start, ' || a.start_day || ', is after the end, ' || a.end_day || '.'
    ELSE
      'No change is recorded after ' || a.start_day || ' and up to ' || a.end_day
      || CASE WHEN :jurisdiction = '' THEN '' ELSE ' in ' || j.name END
      || CASE WHEN :population = '' THEN '' ELSE ', for ' || lower(p.label) END
      || '.'
      || CASE
        WHEN a.start_day < a.complete_from THEN
          ' The dataset answers every day only from ' || a.complete_from || ' on.'
        ELSE ''
      END
      || CASE
        WHEN a.end_day > a.data_through THEN ' As scheduled on ' || a.data_through || '.'
        ELSE ''
      END
  END,
  'No change is recorded',
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  'No source: nothing is recorded',
  a.data_through,
  a.version
FROM asked a
LEFT JOIN jurisdictions j ON j.jurisdiction = :jurisdiction
LEFT JOIN populations p ON p.population = :population
WHERE NOT EXISTS (SELECT 1 FROM found)
ORDER BY 3, 6, 11, 17, 18, 20
