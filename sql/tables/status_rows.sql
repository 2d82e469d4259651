-- Second step of the reduction from rows to one answer: each row in force with what is said of it.
CREATE TEMP TABLE status_rows AS
WITH
-- Each row twice: for the answer on its ages, and for that on the whole population.
asked AS (
  SELECT b.*, b.age_min AS of_age_min, b.age_max AS of_age_max FROM status_bands b
  UNION ALL
  SELECT b.*, -1, -1 FROM status_bands b
)
SELECT
  b.*,
  p.name,
  p.coverage,
  p.income_limit_pct_fpl,
  p.benefit_scope,
  p.area,
  CASE COALESCE(d.rule_standing, a.standing)
    WHEN 'disputed' THEN 2
    WHEN 'reported' THEN 1
    ELSE 0
  END AS doubt,
  CASE
    WHEN b."table" IS NULL THEN ''
    WHEN b."table" = 'absences' AND x.finding <> 'none' THEN ''
    WHEN b."table" = 'absences' THEN
      CASE x.basis
        WHEN 'stated' THEN 'a source says so'
        ELSE 'not named in a list given as complete'
      END
    ELSE
      CASE WHEN p.benefit_scope = 'partial' THEN p.benefits || ' only: ' ELSE '' END
      || p.name
      || CASE
        WHEN p.income_limit_pct_fpl IS NULL THEN ''
        ELSE ', income up to ' || p.income_limit_pct_fpl || '% of poverty'
      END
      || CASE
        WHEN p.benefit_scope NOT IN ('partial', 'premium_subsidy') THEN ''
        WHEN p.enrollment = 'closed_to_new' THEN ', closed to new applicants'
        WHEN p.enrollment = 'capped' THEN ', up to a cap'
        ELSE ''
      END
      || COALESCE(', ' || p.area || ' only', '')
      || CASE p.applies_to
        WHEN 'new_applicants' THEN ', new applicants'
        ELSE ''
      END
      || CASE
        WHEN p.benefit_scope IS NULL THEN ', how much care it pays for is not established'
        WHEN p.benefit_scope = 'reduced' THEN
          ', reduced benefits: ' || lower(substr(p.benefits, 1, 1)) || substr(p.benefits, 2)
        ELSE ''
      END
  END AS detail,
  -- Where only the month or year of the start is known, and the period lies in it.
  CASE
    WHEN p.valid_from_precision IS NULL OR p.valid_from_precision = 'day' THEN ''
    WHEN substr(b.valid_from, 1, 4) <> substr(p.valid_from, 1, 4) THEN ''
    WHEN p.valid_from_precision = 'month'
      AND substr(b.valid_from, 6, 2) <> substr(p.valid_from, 6, 2) THEN ''
    -- The row before it already says that the program is older.
    WHEN p.begins_as = 'evidence' AND EXISTS (
      SELECT 1
      FROM coverage_rules q
      WHERE q.program = p.program
        AND q.population = p.population
        AND q.valid_to = p.valid_from
    ) THEN ''
    WHEN p.begins_as = 'evidence' THEN
      ' Sources show ' || p.name || ' from this ' || p.valid_from_precision
        || ' on; it may be older.'
    ELSE
      ' ' || p.name || CASE p.begins_as WHEN 'start' THEN ' began' ELSE ' changed' END
        || ' in this ' || p.valid_from_precision || '; the day is not known.'
  END AS day_in_words
FROM asked b
LEFT JOIN coverage_rules p ON b."table" = 'coverage' AND p.coverage = b.record
LEFT JOIN coverage_doubts d ON b."table" = 'coverage' AND d.coverage = b.record
LEFT JOIN absences x ON b."table" = 'absences' AND x.absence = b.record
LEFT JOIN (
  SELECT
    record,
    CASE
      WHEN SUM(standing = 'disputed') > 0 THEN 'disputed'
      ELSE MIN(standing)
    END AS standing
  FROM field_standing
  WHERE "table" = 'absences'
  GROUP BY record
) a ON b."table" = 'absences' AND a.record = b.record;
