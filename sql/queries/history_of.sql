-- What we said of a record before, release by release: every cell that changed, and why; or that it has not changed.
SELECT c.version, c.date, c."table", c.record, c.field, c.old, c.new, c.reason, d.data_through, d.version AS dataset_version
FROM changes c CROSS JOIN dataset d
WHERE (:table = '' OR c."table" = :table) AND (:record = '' OR c.record = :record)
UNION ALL
SELECT r.version, r.date, :table, :record, '*', NULL, NULL,
       'No release since the first has a change of what was asked for.', d.data_through, d.version
FROM releases r CROSS JOIN dataset d
WHERE r.level = 'first'
  AND NOT EXISTS (SELECT 1 FROM changes c WHERE (:table = '' OR c."table" = :table) AND (:record = '' OR c.record = :record))
UNION ALL
SELECT NULL, NULL, :table, :record, '*', NULL, NULL, 'Nothing has been released yet.', d.data_through, d.version
FROM dataset d WHERE NOT EXISTS (SELECT 1 FROM releases)
ORDER BY 2, 1, 3, 4, 5
