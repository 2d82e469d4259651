-- title: What was the answer in each month?
-- description: One row for each jurisdiction, population and month, with the answer on the first
--   day of the month, for regressions and charts. Without months it is all of them from the day
--   from which the dataset answers every day to the day through which the data goes. Months from
--   1990-01 to 2039-12 can be asked for. With an age, the answer for people of that age.
-- position: 0.5
-- parameters:
--   first: month
--   last: month
--   jurisdiction: jurisdictions.jurisdiction
--   population: populations.population
--   age: 0-120

-- The answer is that of status_on on the first day of the month. docs/guides/panel.md describes
-- the columns. Months are made of digits, because Spark knows no recursion.
WITH asked AS (
  SELECT
    substr(COALESCE(NULLIF(:first, ''), complete_from), 1, 7) AS first_month,
    substr(
      COALESCE(
        NULLIF(:last, ''),
        CASE WHEN :first > data_through THEN :first ELSE data_through END
      ),
      1,
      7
    ) AS last_month,
    CAST(NULLIF(:age, '') AS INTEGER) AS age,
    data_through,
    complete_from,
    version
  FROM dataset
),
decades (decade) AS (VALUES ('199'), ('200'), ('201'), ('202'), ('203')),
digits (digit) AS (
  VALUES ('0'), ('1'), ('2'), ('3'), ('4'), ('5'), ('6'), ('7'), ('8'), ('9')
),
days_of_months ("number", days) AS (
  VALUES
    ('01', '31'), ('02', '28'), ('03', '31'), ('04', '30'), ('05', '31'), ('06', '30'),
    ('07', '31'), ('08', '31'), ('09', '30'), ('10', '31'), ('11', '30'), ('12', '31')
),
months AS (
  SELECT
    decade || digit || '-' || "number" AS month,
    decade || digit || '-' || "number" || '-01' AS first_day,
    decade || digit || '-' || "number" || '-'
    || CASE
      WHEN "number" = '02' AND CAST(decade || digit AS INTEGER) % 4 = 0 THEN '29'
      ELSE days
    END AS last_day
  FROM decades
  CROSS JOIN digits
  CROSS JOIN days_of_months
  CROSS JOIN asked
  WHERE decade || digit || '-' || "number" BETWEEN first_month AND last_month
),
-- The answers for the age, one for each period of each place and group. A period without one is of
-- people whom the program counts into another group by age.
periods AS (
  SELECT
    w.jurisdiction,
    w.population,
    w.valid_from,
    w.valid_to,
    COALESCE(s.status, 'other_group') AS status,
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
    s.source_urls,
    s.records,
    COALESCE(s.status, 'other_group')
      || '|' || COALESCE(s.bands, '')
      || '|' || COALESCE(s.income_limit_pct_fpl || '', '')
      || '|' || COALESCE(s.income_limit_lowest_pct_fpl || '', '')
      || '|' || COALESCE(s.benefit_scope, '')
      || '|' || COALESCE(s.area, '')
      || '|' || COALESCE(s.program_names, '') AS answer
  FROM status_spans w
  CROSS JOIN asked
  LEFT JOIN status_spans s ON s.jurisdiction = w.jurisdiction
    AND s.population = w.population
    AND s.valid_from = w.valid_from
    AND COALESCE(asked.age, -1) BETWEEN s.of_age_min AND s.of_age_max
  WHERE w.of_age_min = -1
    -- BETWEEN selects all jurisdictions or one, and still uses the index.
    AND w.jurisdiction BETWEEN :jurisdiction AND COALESCE(NULLIF(:jurisdiction, ''), '~')
    AND (:population = '' OR w.population = :population)
),
-- Periods whose answer is another than that of the period before.
changes AS (
  SELECT jurisdiction, population, valid_from, records
  FROM (
    SELECT
      p.*,
      LAG(answer) OVER (PARTITION BY jurisdiction, population ORDER BY valid_from) AS answer_before
    FROM periods p
  ) q
  WHERE answer <> answer_before
),
-- The months in which the answer changes on a later day than the first, or may do so: where only
-- the month or year of a start is known, each month in which it may lie.
changed AS (
  SELECT jurisdiction, population, substr(valid_from, 1, 7) AS month
  FROM changes
  WHERE substr(valid_from, 9, 2) <> '01'
  UNION
  SELECT c.jurisdiction, c.population, m.month
  FROM changes c
  JOIN coverage_rules r ON r.jurisdiction = c.jurisdiction
    AND r.population = c.population
    AND r.valid_from = c.valid_from
    AND r.valid_from_precision <> 'day'
    AND ' ' || c.records || ' ' LIKE '% coverage/' || r.coverage || ' %'
  JOIN months m ON m.month >= substr(c.valid_from, 1, 7)
    AND substr(m.month, 1, 4) = substr(c.valid_from, 1, 4)
    AND (r.valid_from_precision = 'year' OR m.month = substr(c.valid_from, 1, 7))
  -- As long as the row decides the answer.
  JOIN periods p ON p.jurisdiction = c.jurisdiction
    AND p.population = c.population
    AND p.valid_from <= m.first_day
    AND (p.valid_to IS NULL OR m.first_day < p.valid_to)
    AND ' ' || p.records || ' ' LIKE '% coverage/' || r.coverage || ' %'
)
SELECT
  m.first_day AS month,
  j.jurisdiction,
  j.name AS jurisdiction_name,
  j.fips,
  p.population,
  asked.age,
  p.status,
  p.age_min,
  p.age_max,
  p.bands,
  p.income_limit_pct_fpl,
  p.income_limit_lowest_pct_fpl,
  p.benefit_scope,
  p.area,
  CASE WHEN p.status IN ('open', 'capped', 'closed_to_new') THEN p.status END AS enrollment,
  -- At all ages of the row or at none; empty where ages differ, where the rules hold in a part of
  -- the jurisdiction, or where something is not established.
  CASE
    WHEN p.bands IS NULL OR p.bands LIKE '% not_established%' OR p.area IS NOT NULL THEN NULL
    WHEN p.bands NOT LIKE '% open%' AND p.bands NOT LIKE '% capped%' THEN 0
    WHEN p.bands NOT LIKE '% closed_to_new%' AND p.bands NOT LIKE '% premium_help_only%'
      AND p.bands NOT LIKE '% partial_only%' AND p.bands NOT LIKE '% none%' THEN 1
  END AS takes_new_people,
  CASE
    WHEN p.bands IS NULL OR p.bands LIKE '% not_established%' OR p.area IS NOT NULL THEN NULL
    WHEN p.bands NOT LIKE '% open%' AND p.bands NOT LIKE '% capped%'
      AND p.bands NOT LIKE '% closed_to_new%' THEN 0
    WHEN p.bands NOT LIKE '% premium_help_only%' AND p.bands NOT LIKE '% partial_only%'
      AND p.bands NOT LIKE '% none%' THEN 1
  END AS covers_people,
  p.program_names,
  p.standing,
  p.uncertain,
  CASE
    WHEN m.first_day >= asked.complete_from AND m.last_day <= asked.data_through THEN 1
    ELSE 0
  END AS complete,
  CASE WHEN c.month IS NULL THEN 0 ELSE 1 END AS changed_in_month,
  p.last_checked,
  p.source_urls,
  p.records,
  asked.data_through,
  asked.version AS dataset_version
FROM periods p
CROSS JOIN asked
JOIN months m ON p.valid_from <= m.first_day AND (p.valid_to IS NULL OR m.first_day < p.valid_to)
JOIN jurisdictions j ON j.jurisdiction = p.jurisdiction
LEFT JOIN changed c ON c.jurisdiction = p.jurisdiction
  AND c.population = p.population
  AND c.month = m.month
ORDER BY p.jurisdiction, p.population, m.first_day
