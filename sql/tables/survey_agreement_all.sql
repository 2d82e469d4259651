-- For every survey answer: what our rows say on the survey's day, whether the two agree, and why
-- not. Coverage answers "yes"; without coverage, an absence can leave the question open. A survey
-- never overrides a row. Which rows answer a question is one line each below.
-- This is a table, made once by the build, because it is the same for every reader.
CREATE TABLE survey_agreement_all (
  survey_answer TEXT PRIMARY KEY,
  survey TEXT,
  question TEXT,
  jurisdiction TEXT,
  as_of TEXT,
  answer TEXT,
  our_answer TEXT,
  agreement TEXT,
  our_rows TEXT,
  income_limit_pct_fpl INTEGER,
  explanation TEXT
) STRICT;

INSERT INTO survey_agreement_all
WITH answering AS (
  SELECT s.survey_answer, 'yes' AS our_answer, c.coverage AS record
  FROM survey_answers s
  JOIN programs p ON p.jurisdiction = s.jurisdiction AND p.status_scope = 'any_status'
  JOIN coverage c ON c.program = p.program
    AND c.valid_from <= s.as_of
    AND (c.valid_to IS NULL OR s.as_of < c.valid_to)
  WHERE CASE s.question
    WHEN 'state_funded_children' THEN c.population = 'child'
    WHEN 'state_funded_adults' THEN c.population IN ('adult', 'older_adult')
    WHEN 'state_funded_any_population' THEN COALESCE(p.funding, '') <> 'state_with_federal_chip'
    WHEN 'fcep' THEN c.population = 'pregnant' AND p.funding = 'state_with_federal_chip'
    WHEN 'prenatal_for_barred_immigrants' THEN c.population = 'pregnant'
    WHEN 'postpartum_regardless_of_status' THEN c.population = 'postpartum'
  END
  UNION ALL
  SELECT s.survey_answer, 'not_established', a.absence
  FROM survey_answers s
  JOIN absences a ON a.jurisdiction = s.jurisdiction
    AND a.finding = 'not_established'
    AND a.valid_from <= s.as_of
    AND (a.valid_to IS NULL OR s.as_of < a.valid_to)
  WHERE CASE s.question
    WHEN 'state_funded_children' THEN a.population = 'child'
    WHEN 'state_funded_adults' THEN a.population IN ('adult', 'older_adult')
    WHEN 'prenatal_for_barred_immigrants' THEN a.population = 'pregnant'
    WHEN 'postpartum_regardless_of_status' THEN a.population = 'postpartum'
  END
),
our AS (
  SELECT
    survey_answer,
    CASE
      WHEN SUM(our_answer = 'yes') > 0 THEN 'yes'
      ELSE 'not_established'
    END AS our_answer,
    COALESCE(
      group_concat(record, ' ') FILTER (WHERE our_answer = 'yes'),
      group_concat(record, ' ')
    ) AS our_rows
  FROM (SELECT * FROM answering ORDER BY survey_answer, record)
  GROUP BY survey_answer
),
compared AS (
  SELECT
    s.*,
    d.complete_from,
    o.our_rows,
    CASE
      WHEN s.question LIKE 'chipra214%' THEN 'not_coded'
      WHEN o.our_answer IS NOT NULL THEN o.our_answer
      WHEN s.as_of < d.complete_from THEN 'not_recorded'
      ELSE 'no'
    END AS our_answer
  FROM survey_answers s
  CROSS JOIN dataset d
  LEFT JOIN our o ON o.survey_answer = s.survey_answer
)
SELECT
  survey_answer,
  survey,
  question,
  jurisdiction,
  as_of,
  answer,
  our_answer,
  CASE
    WHEN our_answer = answer THEN 'agree'
    WHEN our_answer IN ('yes', 'no') THEN 'differ'
    ELSE 'not_comparable'
  END,
  our_rows,
  income_limit_pct_fpl,
  COALESCE(
    explanation,
    CASE
      WHEN our_answer = 'not_coded' THEN
        'Federal options for lawfully residing people are kept as survey answers; '
          || 'the dataset codes no rows of its own on them.'
      WHEN our_answer = 'not_recorded' AND answer = 'no' THEN
        'Nothing is recorded for this day, which is before ' || complete_from
          || '; no row speaks for or against the survey.'
      WHEN our_answer = 'not_recorded' THEN
        'No row of ours reaches back to this day, which is before ' || complete_from || '.'
      WHEN our_answer = 'not_established' THEN
        'Not established in our rows; their notes say what was looked at.'
    END
  )
FROM compared
ORDER BY survey_answer;

CREATE INDEX idx_survey_agreement_all_survey ON survey_agreement_all (survey);
