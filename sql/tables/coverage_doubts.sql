-- What is not established of each coverage row, by the standing of its fields. One row for each
-- field, then the same for each coverage row in one text.
CREATE TABLE coverage_doubt_fields (
  coverage TEXT NOT NULL,
  position INTEGER NOT NULL,
  field TEXT NOT NULL,
  standing TEXT NOT NULL,
  label TEXT NOT NULL,
  reason TEXT,
  entry TEXT NOT NULL,
  is_told INTEGER NOT NULL,
  last_checked TEXT NOT NULL,
  PRIMARY KEY (coverage, field)
) STRICT;

-- Where the row as a whole is in doubt, sentences need not name its fields too (`is_told` is 0).
INSERT INTO coverage_doubt_fields
WITH labels (position, field, label) AS (
  VALUES
    (1, '', 'the rules as a whole'),
    (2, 'enrollment', 'whether new people can join'),
    (3, 'applies_to', 'whom the rules are for'),
    (4, 'age_min', 'the lowest age'),
    (5, 'age_max', 'the highest age'),
    (6, 'income_limit_pct_fpl', 'the income limit'),
    (7, 'income_disregard_pct', 'the disregard in the income limit'),
    (8, 'enrollment_cap', 'the number of places'),
    (9, 'benefit_scope', 'how much care is paid for'),
    (10, 'benefits', 'which care is in or out'),
    (11, 'cost_sharing', 'premiums and copayments'),
    (12, 'valid_from', 'the first day'),
    (13, 'valid_to', 'the end')
)
SELECT
  f.record,
  l.position,
  f.field,
  f.standing,
  l.label,
  f.reason,
  COALESCE(NULLIF(f.field, ''), 'row') || ': ' || f.standing || ' ('
    || CASE f.standing
      WHEN 'disputed' THEN f.reason
      ELSE 'known from third-hand sources only'
    END
    || ')',
  CASE WHEN f.field <> '' AND w.standing = f.standing THEN 0 ELSE 1 END,
  f.last_checked
FROM field_standing f
JOIN labels l ON l.field = f.field
LEFT JOIN field_standing w ON w."table" = f."table" AND w.record = f.record AND w.field = ''
WHERE f."table" = 'coverage' AND f.standing <> 'established';

-- `rule_standing` is the weakest standing of what decides a status: the row as a whole, enrollment
-- and ages, and for less than coverage the scope. A doubt about care, income or days leaves the
-- status as it is.
CREATE TABLE coverage_doubts (
  coverage TEXT PRIMARY KEY,
  rule_standing TEXT NOT NULL,
  uncertain TEXT NOT NULL,
  doubt_in_words TEXT NOT NULL
) STRICT;

INSERT INTO coverage_doubts
SELECT
  coverage,
  CASE
    MAX(
      CASE
        WHEN field NOT IN ('', 'enrollment', 'age_min', 'age_max')
          AND (field <> 'benefit_scope' OR benefit_scope NOT IN ('partial', 'premium_subsidy'))
          THEN 0
        WHEN standing = 'disputed' THEN 2
        ELSE 1
      END
    )
    WHEN 2 THEN 'disputed'
    WHEN 1 THEN 'reported'
    ELSE 'established'
  END,
  group_concat(entry, '; '),
  COALESCE(
    ' Sources disagree on '
      || group_concat(CASE WHEN standing = 'disputed' AND is_told = 1 THEN label END, ', ')
      || '.',
    ''
  )
  || COALESCE(
    ' Known from third-hand sources only: '
      || group_concat(CASE WHEN standing = 'reported' AND is_told = 1 THEN label END, ', ')
      || '.',
    ''
  )
FROM (
  SELECT f.*, c.benefit_scope
  FROM coverage_doubt_fields f
  JOIN coverage c ON c.coverage = f.coverage
  ORDER BY f.coverage, f.position
) d
GROUP BY coverage;
