-- For every survey answer: what our rows say on the survey's date, whether the two agree, and why not.
-- Which rows answer a question is one line each below. A survey never overrides a row.
CREATE VIEW survey_agreement_all AS
WITH rows_on AS (
  SELECT s.survey_answer, r.population, r.funding, r.coverage
  FROM survey_answers s
  JOIN coverage_rules r ON r.jurisdiction = s.jurisdiction AND r.status_scope = 'any_status'
    AND r.valid_from <= s.as_of AND (r.valid_to IS NULL OR s.as_of < r.valid_to)
),
counted AS (
  SELECT s.survey_answer, group_concat(r.coverage, ' ') AS our_rows, COUNT(*) AS n
  FROM survey_answers s JOIN rows_on r ON r.survey_answer = s.survey_answer
  WHERE CASE s.question
    WHEN 'state_funded_children' THEN r.population = 'child'
    WHEN 'state_funded_adults' THEN r.population IN ('adult', 'older_adult')
    WHEN 'state_funded_any_population' THEN COALESCE(r.funding, '') <> 'state_with_federal_chip'
    WHEN 'fcep' THEN r.population = 'pregnant' AND r.funding = 'state_with_federal_chip'
    WHEN 'prenatal_for_barred_immigrants' THEN r.population = 'pregnant'
    WHEN 'postpartum_regardless_of_status' THEN r.population = 'postpartum'
  END
  GROUP BY s.survey_answer
),
open_question AS (
  SELECT s.survey_answer, group_concat(a.absence, ' ') AS our_rows
  FROM survey_answers s
  JOIN absences a ON a.jurisdiction = s.jurisdiction AND a.finding = 'not_established'
    AND a.valid_from <= s.as_of AND (a.valid_to IS NULL OR s.as_of < a.valid_to)
  WHERE CASE s.question
    WHEN 'state_funded_children' THEN a.population = 'child'
    WHEN 'state_funded_adults' THEN a.population IN ('adult', 'older_adult')
    WHEN 'prenatal_for_barred_immigrants' THEN a.population = 'pregnant'
    WHEN 'postpartum_regardless_of_status' THEN a.population = 'postpartum'
  END
  GROUP BY s.survey_answer
),
compared AS (
  SELECT s.*, d.complete_from,
         CASE
           WHEN s.question LIKE 'chipra214%' THEN 'not_coded'
           WHEN c.n IS NOT NULL THEN 'yes'
           WHEN o.survey_answer IS NOT NULL THEN 'not_established'
           WHEN s.as_of < d.complete_from THEN 'not_recorded'
           ELSE 'no'
         END AS our_answer,
         COALESCE(c.our_rows, o.our_rows) AS our_rows
  FROM survey_answers s CROSS JOIN dataset d
  LEFT JOIN counted c ON c.survey_answer = s.survey_answer
  LEFT JOIN open_question o ON o.survey_answer = s.survey_answer
)
SELECT survey_answer, survey, question, jurisdiction, as_of, answer, our_answer,
       CASE
         WHEN our_answer = answer THEN 'agree'
         WHEN our_answer IN ('yes', 'no') THEN 'differ'
         ELSE 'not_comparable'
       END AS agreement,
       our_rows, income_limit_pct_fpl,
       COALESCE(explanation, CASE
         WHEN our_answer = 'not_coded' THEN 'Federal options for lawfully residing people are kept as survey answers; the dataset codes no rows of its own on them.'
         WHEN our_answer = 'not_recorded' AND answer = 'no' THEN 'Nothing is recorded for this day, which is before ' || complete_from || '; no row speaks for or against the survey.'
         WHEN our_answer = 'not_recorded' THEN 'No row of ours reaches back to this day, which is before ' || complete_from || '.'
         WHEN our_answer = 'not_established' THEN 'Not established in our rows; their notes say what was looked at.'
       END) AS explanation
FROM compared
