-- The days on which an answer may change. Between two of them the answer stays the same.
-- `coverage` and `sharing` are for coverage_on and sharing_on about a jurisdiction; `roles` is for
-- roles_on about a case. Where only a month or year is known, the day after it ends counts too,
-- because until then the answer says that the day is not known. For sharing its last day counts as
-- well: from then on the term or the role is certainly in force.
CREATE VIEW boundaries AS
WITH spans AS (
  SELECT
    'coverage' AS subject,
    p.jurisdiction AS about,
    c.valid_from,
    c.valid_to,
    c.valid_from_precision,
    NULL AS starts_by
  FROM coverage c
  JOIN programs p ON p.program = c.program
  UNION ALL
  SELECT 'coverage', jurisdiction, valid_from, valid_to, 'day', NULL
  FROM absences
  UNION ALL
  SELECT 'sharing', j.jurisdiction, r.valid_from, r.valid_to, r.valid_from_precision, r.starts_by
  FROM jurisdictions j
  JOIN roles_known r ON r.jurisdiction = j.jurisdiction OR r.role = 'unidentified_plaintiff'
  WHERE r.known_to = '9999-12-31'
    AND r.court_case IN (
      SELECT e.court_case
      FROM order_terms t
      JOIN events e ON e.event = t.event
    )
  UNION ALL
  SELECT DISTINCT
    'sharing', j.jurisdiction, t.valid_from, t.valid_to, t.valid_from_precision, t.starts_by
  FROM jurisdictions j
  CROSS JOIN order_terms_known t
  WHERE t.known_to = '9999-12-31'
  UNION ALL
  SELECT 'roles', court_case, valid_from, valid_to, valid_from_precision, NULL
  FROM roles
  UNION ALL
  SELECT 'roles', court_case, filed, NULL, 'day', NULL
  FROM cases
  WHERE filed IS NOT NULL
)
SELECT subject, about, valid_from AS day
FROM spans
UNION
SELECT subject, about, valid_to
FROM spans
WHERE valid_to IS NOT NULL
UNION
SELECT subject, about, starts_by
FROM spans
WHERE starts_by IS NOT NULL
UNION
SELECT
  subject,
  about,
  -- The first day after that month or year.
  CASE
    WHEN valid_from_precision = 'year' OR substr(valid_from, 6, 2) = '12' THEN
      (CAST(substr(valid_from, 1, 4) AS INTEGER) + 1) || '-01-01'
    ELSE
      substr(valid_from, 1, 5)
        || substr(CAST(substr(valid_from, 6, 2) AS INTEGER) + 101 || '', 2)
        || '-01'
  END
FROM spans
WHERE valid_from_precision <> 'day'
