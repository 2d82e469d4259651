-- title: Where do published surveys agree with our rows?
-- description: For every survey, question and jurisdiction what our rows say on its date, whether
--   the two agree, and why not.
-- position: 6
-- parameters:
--   survey: survey_answers.survey

-- Where our rows and a published survey agree, differ, and why.
SELECT a.*, COALESCE(rc.citations, '') AS citations, d.data_through, d.version AS dataset_version
FROM survey_agreement_all a
CROSS JOIN dataset d
LEFT JOIN record_citations rc ON rc."table" = 'survey_answers' AND rc.record = a.survey_answer
-- BETWEEN selects all surveys or one, and still uses the index.
WHERE a.survey BETWEEN :survey AND COALESCE(NULLIF(:survey, ''), '~')
ORDER BY
  CASE a.agreement WHEN 'differ' THEN 1 WHEN 'not_comparable' THEN 2 ELSE 3 END,
  a.survey,
  a.question,
  a.jurisdiction,
  a.as_of
