-- title: What did the dataset say before?
-- description: Every cell of a record that changed from release to release, and why.
-- position: 5
-- parameters:
--   table: records.table
--   record: records.record

-- Release by release: every cell that changed, and why. A record that has not changed, or that is
-- not there, has a row that says so.
WITH known AS (
  SELECT "table"
  FROM records
  WHERE record = :record
  UNION ALL
  SELECT 'citations'
  FROM citations
  WHERE citation = :record
  UNION ALL
  SELECT 'releases'
  FROM releases
  WHERE version = :record
  UNION ALL
  SELECT 'changes'
  FROM changes
  WHERE version || '/' || "table" || '/' || record || '/' || field = :record
  UNION ALL
  SELECT DISTINCT "table"
  FROM records
  WHERE :record = ''
  UNION ALL
  SELECT DISTINCT 'citations'
  FROM citations
  WHERE :record = ''
  UNION ALL
  SELECT 'releases'
  FROM dataset
  WHERE :record = ''
  UNION ALL
  SELECT 'changes'
  FROM dataset
  WHERE :record = ''
)
SELECT
  c.version,
  c.date,
  c."table",
  c.record,
  c.field,
  c.old,
  c.new,
  c.reason,
  d.data_through,
  d.version AS dataset_version
FROM changes c
CROSS JOIN dataset d
WHERE (:table = '' OR c."table" = :table)
  AND (:record = '' OR c.record = :record)
UNION ALL
-- Known, and never changed.
SELECT
  r.version,
  r.date,
  :table,
  :record,
  '*',
  NULL,
  NULL,
  'Unchanged since ' || r.version || '.'
    || CASE
      WHEN now.version IS NULL THEN ' Version ' || d.version || ' is not released yet.'
      ELSE ''
    END,
  d.data_through,
  d.version
FROM releases r
CROSS JOIN dataset d
LEFT JOIN releases now ON now.version = d.version
WHERE r.level = 'first'
  AND NOT EXISTS (
    SELECT 1
    FROM changes c
    WHERE (:table = '' OR c."table" = :table)
      AND (:record = '' OR c.record = :record)
  )
  AND EXISTS (SELECT 1 FROM known k WHERE :table = '' OR k."table" = :table)
UNION ALL
-- Unknown.
SELECT
  NULL,
  NULL,
  :table,
  :record,
  '*',
  NULL,
  NULL,
  CASE
    WHEN :record = '' THEN 'There is no table ' || :table || '.'
    ELSE
      'There is no such record in '
        || CASE WHEN :table = '' THEN 'any table' ELSE :table END
        || '.'
  END,
  d.data_through,
  d.version
FROM dataset d
WHERE NOT EXISTS (
    SELECT 1
    FROM changes c
    WHERE (:table = '' OR c."table" = :table)
      AND (:record = '' OR c.record = :record)
  )
  AND NOT EXISTS (SELECT 1 FROM known k WHERE :table = '' OR k."table" = :table)
UNION ALL
-- Before the first release.
SELECT
  NULL,
  NULL,
  :table,
  :record,
  '*',
  NULL,
  NULL,
  'Nothing has been released yet.',
  d.data_through,
  d.version
FROM dataset d
WHERE NOT EXISTS (SELECT 1 FROM releases)
  AND EXISTS (SELECT 1 FROM known k WHERE :table = '' OR k."table" = :table)
ORDER BY 2, 1, 3, 4, 5
