-- title: What is the one answer for each place and group on a date?
-- description: One row for each jurisdiction and population, with its status on the date. With an
--   age, the answer for people of that age. An empty date means the day through which the data
--   goes.
-- position: 0
-- parameters:
--   as_of: date
--   population: populations.population
--   jurisdiction: jurisdictions.jurisdiction
--   age: 0-120

-- The reduction from rows to one answer is sql/tables/status_spans.sql, in words in
-- docs/method/protocol.md. `complete` is 1 where the dataset claims to be complete for the day.
WITH asked AS (
  SELECT
    COALESCE(NULLIF(:as_of, ''), data_through) AS as_of,
    COALESCE(CAST(NULLIF(:age, '') AS INTEGER), -1) AS age,
    data_through,
    complete_from,
    version
  FROM dataset
)
SELECT
  asked.as_of,
  j.jurisdiction,
  j.name AS jurisdiction_name,
  p.population,
  COALESCE(s.status, 'other_group') AS status,
  COALESCE(
    s.in_words,
    'People of this age are not counted among ' || lower(p.label) || ' here: see the other groups.'
  )
  || CASE
    WHEN s.status IS NULL THEN ''
    WHEN asked.as_of > asked.data_through THEN ' As scheduled on ' || asked.data_through || '.'
    WHEN asked.as_of < asked.complete_from AND s.bands LIKE '%not_established%' THEN
      ' The dataset answers every day only from ' || asked.complete_from || ' on.'
    ELSE ''
  END AS in_words,
  s.age_min,
  s.age_max,
  s.bands,
  s.income_limit_pct_fpl,
  s.income_limit_lowest_pct_fpl,
  s.benefit_scope,
  s.area,
  s.program_names,
  s.standing,
  s.uncertain,
  s.last_checked,
  CASE WHEN asked.as_of BETWEEN asked.complete_from AND asked.data_through THEN 1 ELSE 0 END
    AS complete,
  s.records,
  COALESCE(s.citations, 'No source: nothing is recorded') AS citations,
  s.source_urls,
  asked.data_through,
  asked.version AS dataset_version
FROM asked
CROSS JOIN jurisdictions j
CROSS JOIN populations p
LEFT JOIN status_spans s ON s.jurisdiction = j.jurisdiction
  AND s.population = p.population
  AND s.valid_from <= asked.as_of
  AND (s.valid_to IS NULL OR asked.as_of < s.valid_to)
  AND asked.age BETWEEN s.of_age_min AND s.of_age_max
-- BETWEEN selects all jurisdictions or one, and still uses the index.
WHERE j.jurisdiction BETWEEN :jurisdiction AND COALESCE(NULLIF(:jurisdiction, ''), '~')
  AND (:population = '' OR p.population = :population)
ORDER BY j.jurisdiction, p.population
