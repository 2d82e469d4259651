-- title: Who is in the case on a date?
-- description: Every jurisdiction and its role in each case on the date. Leave a field empty for
--   all.
-- position: 2
-- parameters:
--   as_of: date
--   court_case: cases.court_case
--   known_at: date

-- A jurisdiction that no source names has a row that says so.
WITH asked AS (
  SELECT
    COALESCE(NULLIF(:as_of, ''), data_through) AS as_of,
    CASE
      WHEN :known_at = '' OR :known_at > '9999-12-30' THEN '9999-12-30'
      ELSE :known_at
    END AS known_at,
    data_through,
    version
  FROM dataset
),
held AS (
  SELECT r.*
  FROM role_spans r, asked
  WHERE r.jurisdiction IS NOT NULL
    AND r.known_from <= asked.known_at
    AND asked.known_at < r.known_to
    AND r.valid_from <= asked.as_of
    AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
)
SELECT
  asked.as_of,
  c.court_case,
  c.caption,
  j.jurisdiction,
  j.name AS jurisdiction_name,
  CASE
    WHEN h.role IS NOT NULL THEN h.role
    WHEN c.filed > asked.as_of THEN 'none_found'
    ELSE 'not_established'
  END AS role,
  h.party,
  h.valid_from,
  h.valid_from_precision,
  h.valid_to,
  h.standing,
  COALESCE(
    CASE
      WHEN h.valid_from_precision <> 'day'
        AND asked.as_of <= h.starts_by
        AND h.role = 'plaintiff' THEN
        'The day in this ' || h.valid_from_precision || ' is not known. '
    END || COALESCE(h.note, ''),
    h.note,
    CASE
      WHEN h.role IS NOT NULL THEN NULL
      WHEN asked.known_at < (SELECT MIN(date) FROM releases) THEN
        'Nothing had been published on the day given as known_at.'
      WHEN c.filed > asked.as_of THEN
        'The case was filed later, '
          || CASE c.filed_precision
            WHEN 'month' THEN 'in ' || substr(c.filed, 1, 7) || ' (day unknown).'
            WHEN 'year' THEN 'in ' || substr(c.filed, 1, 4) || ' (day unknown).'
            ELSE 'on ' || c.filed || '.'
          END
      ELSE
        'No source that was read names this jurisdiction as a party; '
          || 'the list of parties may not be complete.'
    END
  ) AS note,
  h.role_id,
  COALESCE(rr.last_checked, rc.last_checked) AS last_checked,
  COALESCE(rr.citations, rc.citations) AS citations,
  asked.data_through,
  asked.version AS dataset_version
FROM cases c
CROSS JOIN jurisdictions j
CROSS JOIN asked
LEFT JOIN held h ON h.court_case = c.court_case AND h.jurisdiction = j.jurisdiction
LEFT JOIN record_citations rr ON rr."table" = 'roles' AND rr.record = h.role_id
LEFT JOIN record_citations rc ON rc."table" = 'cases' AND rc.record = c.court_case
WHERE (:court_case = '' OR c.court_case = :court_case)
ORDER BY c.filed NULLS FIRST, c.court_case, j.jurisdiction
