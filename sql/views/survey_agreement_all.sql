-- For every survey answer: what our rows say on the survey's date, whether the two agree, and why not.
-- Which rows answer a question is in sql/tables/survey_rows.sql. A survey never overrides a row.
CREATE VIEW survey_agreement_all AS
WITH compared AS (
  SELECT s.*, d.complete_from,
         CASE
           WHEN s.question LIKE 'chipra214%' THEN 'not_coded'
           WHEN r.our_answer IS NOT NULL THEN r.our_answer
           WHEN s.as_of < d.complete_from THEN 'not_recorded'
           ELSE 'no'
         END AS our_answer,
         r.our_rows
  FROM survey_answers s CROSS JOIN dataset d
  LEFT JOIN survey_rows r ON r.survey_answer = s.survey_answer
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
