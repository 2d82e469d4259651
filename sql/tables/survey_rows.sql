-- The rows of ours that answer a survey's question on its day: coverage ("yes"), or else absences that leave the question open.
-- Which rows answer a question is one line each below. A table, made once at build, since no reader's question changes it.
CREATE TABLE survey_rows AS
WITH answering AS (
  SELECT s.survey_answer, 'yes' AS our_answer, c.coverage AS record
  FROM survey_answers s
  JOIN programs p ON p.jurisdiction = s.jurisdiction AND p.status_scope = 'any_status'
  JOIN coverage c ON c.program = p.program AND c.valid_from <= s.as_of AND (c.valid_to IS NULL OR s.as_of < c.valid_to)
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
  JOIN absences a ON a.jurisdiction = s.jurisdiction AND a.finding = 'not_established'
    AND a.valid_from <= s.as_of AND (a.valid_to IS NULL OR s.as_of < a.valid_to)
  WHERE CASE s.question
    WHEN 'state_funded_children' THEN a.population = 'child'
    WHEN 'state_funded_adults' THEN a.population IN ('adult', 'older_adult')
    WHEN 'prenatal_for_barred_immigrants' THEN a.population = 'pregnant'
    WHEN 'postpartum_regardless_of_status' THEN a.population = 'postpartum'
  END
)
SELECT survey_answer, our_answer, group_concat(record, ' ') AS our_rows
FROM (SELECT * FROM answering ORDER BY survey_answer, our_answer, record)
GROUP BY survey_answer, our_answer
HAVING our_answer = 'yes' OR survey_answer NOT IN (SELECT survey_answer FROM answering WHERE our_answer = 'yes')
ORDER BY survey_answer;

CREATE UNIQUE INDEX idx_survey_rows ON survey_rows (survey_answer);
