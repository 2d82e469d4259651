-- title: What is the evidence for a record?
-- description: The citations of one record, field by field, with both sides of a conflict.
-- position: 4
-- parameters:
--   table: records.table
--   record: records.record

-- Of one record, or of one table. The best sources come first. A record without a source has a row
-- that says why.
SELECT
  c."table",
  c.record,
  r.label,
  c.field,
  c.relation,
  s.title,
  s.publisher,
  s.url,
  c.locator,
  s.kind,
  s.reliability,
  s.published,
  c.checked_on,
  c.note,
  c.source,
  d.data_through,
  d.version AS dataset_version
FROM (
  SELECT *
  FROM citations
  WHERE record = :record AND :record <> '' AND (:table = '' OR "table" = :table)
  UNION ALL
  SELECT *
  FROM citations
  WHERE "table" = :table AND :record = ''
) c
JOIN sources s ON s.source = c.source
LEFT JOIN records r ON r."table" = c."table" AND r.record = c.record
CROSS JOIN dataset d
UNION ALL
-- Without a table and a record: how many citations each table has.
SELECT
  c."table",
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- record to published
  MAX(c.checked_on),
  COUNT(*) || ' citations. Give a table, and a record of it, to see them.',
  NULL, -- source
  d.data_through,
  d.version
FROM citations c
CROSS JOIN dataset d
WHERE :table = '' AND :record = ''
GROUP BY c."table", d.data_through, d.version
UNION ALL
-- A record without a citation: why it has none.
SELECT
  r."table",
  r.record,
  r.label,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- field to checked_on
  CASE r."table"
    WHEN 'absences' THEN
      'No source: searched without result. '
        || COALESCE((SELECT a.note FROM absences a WHERE a.absence = r.record), '')
    ELSE
      'A definition or a document of this dataset; '
        || 'it is cited by others and needs no citation.'
  END,
  NULL, -- source
  d.data_through,
  d.version
FROM records r
CROSS JOIN dataset d
WHERE :record <> ''
  AND r.record = :record
  AND (:table = '' OR r."table" = :table)
  AND NOT EXISTS (
    SELECT 1
    FROM citations c
    WHERE c."table" = r."table" AND c.record = r.record
  )
ORDER BY 1, 2, 4 NULLS FIRST, 5 DESC, 11, 15, 9
