-- title: Search
-- description: Records whose words begin with the words asked for.
-- position: 10
-- parameters:
--   q: text

-- Records whose words begin with all the words asked for; the obvious ones first.
WITH words AS (
  SELECT
    trim(
      replace(
        replace(
          replace(replace(replace(:q, '"', ' '), '*', ' '), char(9), ' '),
          '  ', ' '
        ),
        '  ', ' '
      )
    ) AS q
)
SELECT
  "table",
  record,
  label,
  path,
  snippet(search_index, 5, '', '', '...', 24) AS excerpt,
  d.data_through,
  d.version AS dataset_version
FROM words w
CROSS JOIN dataset d
CROSS JOIN search_index
WHERE w.q <> ''
  AND search_index MATCH '"' || replace(w.q, ' ', '"* "') || '"*'
ORDER BY
  CASE
    WHEN lower(label) = lower(w.q)
      OR lower(record) = replace(replace(lower(w.q), '.', ''), ' ', '-') THEN 0
    WHEN lower(label) LIKE '%' || lower(w.q) || '%'
      OR (
        "table" = 'cases'
        AND '-' || record || '-' LIKE '%-' || lower(w.q) || '-%'
      ) THEN 1
    ELSE 2
  END,
  CAST(rank_first AS INTEGER),
  bm25(search_index, 0, 0, 0, 0, 10, 1)
LIMIT 60
