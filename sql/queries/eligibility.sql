-- title: Which written rules would a person so described meet?
-- description: >-
--   The programs whose written rules a person of that age, pregnancy and income would meet on
--   the date. Rules met, never a decision: an agency may ask for more.
-- position: 8
-- parameters:
--   as_of: date
--   jurisdiction: jurisdictions.jurisdiction
--   age: 0-120
--   pregnant: "no|yes|postpartum"
--   income_pct_fpl: 0-5000
--   income_usd: 0-10000000
--   household_size: 1-30

-- Rules met, never "you qualify": what an agency decides may rest on more than age, pregnancy and
-- income. Coverage that takes new people comes first, then what is capped, closed or less than
-- coverage. A group of the person has a row of its own where no rules are met and it is not
-- established whether there is a program: its `finding` is not_established. It is none where
-- nothing is met and nothing is left open. Income is a percentage of poverty, or dollars a year and
-- household size by the federal poverty guidelines of the day.
WITH asked AS (
  SELECT
    COALESCE(NULLIF(:as_of, ''), data_through) AS as_of,
    data_through,
    complete_from,
    version,
    CAST(NULLIF(:age, '') AS INTEGER) AS age,
    CAST(NULLIF(:income_usd, '') AS DOUBLE) AS usd,
    CAST(COALESCE(NULLIF(:household_size, ''), '1') AS INTEGER) AS household
  FROM dataset
),
guideline AS (
  SELECT g.*, CASE g.region WHEN 'alaska' THEN 'AK' WHEN 'hawaii' THEN 'HI' ELSE '' END AS place
  FROM poverty_guidelines g, asked
  WHERE g.valid_from <= asked.as_of
    AND (g.valid_to IS NULL OR asked.as_of < g.valid_to)
),
places AS (
  SELECT
    j.jurisdiction,
    j.name AS jurisdiction_name,
    COALESCE(
      CAST(NULLIF(:income_pct_fpl, '') AS DOUBLE),
      100.0 * asked.usd / (g.first_person + (asked.household - 1) * g.additional_person)
    ) AS pct,
    CASE WHEN :income_pct_fpl = '' THEN g.poverty_guideline END AS poverty_guideline
  FROM jurisdictions j
  CROSS JOIN asked
  LEFT JOIN guideline g
    ON g.place = CASE WHEN j.jurisdiction IN ('AK', 'HI') THEN j.jurisdiction ELSE '' END
  -- BETWEEN selects all jurisdictions or one, and still uses the index.
  WHERE j.jurisdiction BETWEEN :jurisdiction AND COALESCE(NULLIF(:jurisdiction, ''), '~')
),
met AS (
  SELECT
    p.jurisdiction,
    p.jurisdiction_name,
    p.pct,
    p.poverty_guideline,
    r.population,
    r.program,
    r.name,
    r.administered_by,
    r.status_scope,
    r.authority,
    r.url,
    r.age_min,
    r.age_max,
    r.income_limit_pct_fpl,
    r.enrollment,
    r.enrollment_cap,
    r.applies_to,
    r.benefit_scope,
    r.benefits,
    r.cost_sharing,
    r.area,
    r.standing,
    r.note,
    r.coverage,
    r.valid_from,
    r.valid_to
  FROM places p
  CROSS JOIN asked
  JOIN coverage_rules r ON r.jurisdiction = p.jurisdiction
    AND r.status_scope = 'any_status'
    AND r.valid_from <= asked.as_of
    AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
  WHERE (
      (
        r.population IN ('child', 'adult', 'older_adult')
        AND (
          asked.age IS NULL
          OR asked.age BETWEEN COALESCE(r.age_min, 0) AND COALESCE(r.age_max, 999)
        )
      )
      OR (r.population = 'pregnant' AND :pregnant = 'yes')
      OR (r.population = 'postpartum' AND :pregnant = 'postpartum')
    )
    AND (p.pct IS NULL OR r.income_limit_pct_fpl IS NULL OR p.pct <= r.income_limit_pct_fpl)
),
-- The groups that a person of that age and pregnancy belongs to; without an age, all groups by age.
groups AS (
  SELECT q.population, lower(q.label) AS label
  FROM populations q
  CROSS JOIN asked
  WHERE (q.population = 'pregnant' AND :pregnant = 'yes')
    OR (q.population = 'postpartum' AND :pregnant = 'postpartum')
    OR (
      q.population IN ('child', 'adult', 'older_adult')
      AND asked.age IS NULL
      AND :pregnant IN ('', 'no')
    )
    OR (
      q.population IN ('child', 'adult', 'older_adult')
      AND asked.age BETWEEN COALESCE(q.core_age_min, 0) AND COALESCE(q.core_age_max, 999)
    )
),
-- Where no rules of a group are met: what is known of the group on the day. A group without any row
-- is not established, since nothing is recorded.
unmet AS (
  SELECT
    p.jurisdiction,
    p.jurisdiction_name,
    p.pct,
    p.poverty_guideline,
    g.population,
    g.label,
    a.absence,
    a.note,
    COALESCE(
      a.finding,
      CASE WHEN c.coverage IS NULL THEN 'not_established' ELSE 'not_met' END
    ) AS finding
  FROM places p
  CROSS JOIN groups g
  CROSS JOIN asked
  LEFT JOIN absences a ON a.jurisdiction = p.jurisdiction
    AND a.population = g.population
    AND a.valid_from <= asked.as_of
    AND (a.valid_to IS NULL OR asked.as_of < a.valid_to)
    AND (
      asked.age IS NULL
      OR asked.age BETWEEN COALESCE(a.age_min, 0) AND COALESCE(a.age_max, 999)
    )
  -- A program for people of this age, which may count them into another group by age.
  LEFT JOIN (
    SELECT r.jurisdiction, q.population, MIN(r.coverage) AS coverage
    FROM coverage_rules r
    CROSS JOIN asked
    JOIN groups q ON q.population = r.population
      OR (
        asked.age IS NOT NULL
        AND q.population IN ('child', 'adult', 'older_adult')
        AND r.population IN ('child', 'adult', 'older_adult')
      )
    WHERE r.status_scope = 'any_status'
      AND r.valid_from <= asked.as_of
      AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
      AND (
        asked.age IS NULL
        OR asked.age BETWEEN COALESCE(r.age_min, 0) AND COALESCE(r.age_max, 999)
      )
    GROUP BY 1, 2
  ) c ON c.jurisdiction = p.jurisdiction AND c.population = g.population
  WHERE NOT EXISTS (
    SELECT 1
    FROM met m
    WHERE m.jurisdiction = p.jurisdiction
      AND (
        m.population = g.population
        OR (
          asked.age IS NOT NULL
          AND g.population IN ('child', 'adult', 'older_adult')
          AND m.population IN ('child', 'adult', 'older_adult')
        )
      )
  )
),
answers AS (
  -- Programs whose rules are met.
  SELECT
    asked.as_of,
    m.jurisdiction,
    m.jurisdiction_name,
    CASE m.benefit_scope
      WHEN 'partial' THEN m.benefits || ' only. '
      WHEN 'premium_subsidy' THEN 'Help with premiums only. '
      ELSE ''
    END
    || CASE m.enrollment
      WHEN 'closed_to_new' THEN
        'Closed to new applicants; rules met only by people already enrolled.'
      WHEN 'capped' THEN 'Rules met; places are limited and may be full.'
      ELSE 'Rules met.'
    END
    || CASE
      WHEN asked.age IS NULL AND m.population IN ('child', 'adult', 'older_adult') THEN
        ' Age was not asked.'
      ELSE ''
    END
    || CASE
      WHEN m.income_limit_pct_fpl IS NULL THEN
        ' An income limit is not established, so income was not compared.'
      WHEN m.pct IS NULL AND asked.usd IS NOT NULL THEN
        ' No poverty guideline is recorded for this day, so income was not compared; '
          || 'the limit is ' || m.income_limit_pct_fpl || '% of poverty.'
      WHEN m.pct IS NULL THEN
        ' Income was not asked; the limit is ' || m.income_limit_pct_fpl || '% of poverty.'
      ELSE ''
    END
    || CASE
      WHEN m.benefit_scope IS NULL THEN ' How much care it pays for is not established.'
      WHEN m.benefit_scope = 'reduced' THEN
        ' Reduced benefits: ' || lower(substr(m.benefits, 1, 1)) || substr(m.benefits, 2) || '.'
      ELSE ''
    END
    || COALESCE(' The rules hold ' || m.area || ' only.', '')
    || COALESCE(d.doubt_in_words, '')
    || CASE
      WHEN asked.as_of > asked.data_through THEN ' As scheduled on ' || asked.data_through || '.'
      ELSE ''
    END AS rules_met,
    'met' AS finding,
    m.population,
    m.program,
    m.name,
    m.administered_by,
    m.status_scope,
    m.authority,
    m.url,
    m.age_min,
    m.age_max,
    m.income_limit_pct_fpl,
    round(m.pct, 1) AS income_pct_fpl,
    m.poverty_guideline,
    m.enrollment,
    m.enrollment_cap,
    m.applies_to,
    m.benefit_scope,
    m.benefits,
    m.cost_sharing,
    m.area,
    m.valid_from,
    m.valid_to,
    m.standing,
    d.uncertain,
    m.note,
    m.coverage,
    rc.last_checked,
    rc.citations,
    asked.data_through,
    asked.version AS dataset_version
  FROM met m
  CROSS JOIN asked
  LEFT JOIN coverage_doubts d ON d.coverage = m.coverage
  LEFT JOIN record_citations rc ON rc."table" = 'coverage' AND rc.record = m.coverage
  UNION ALL
  -- Groups for which it is not established whether there is a program.
  SELECT
    asked.as_of,
    u.jurisdiction,
    u.jurisdiction_name,
    'We could not confirm whether there is a program for ' || u.label
      || ' regardless of immigration status.'
      || CASE
        WHEN asked.as_of < asked.complete_from THEN
          ' The dataset answers every day only from ' || asked.complete_from || ' on.'
        ELSE ''
      END,
    'not_established',
    u.population,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- program to income_limit_pct_fpl
    round(u.pct, 1),
    u.poverty_guideline,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- enrollment to area
    NULL, NULL, NULL, NULL, -- valid_from to uncertain
    u.note,
    NULL, -- coverage
    rc.last_checked,
    COALESCE(rc.citations, 'No source: searched without result'),
    asked.data_through,
    asked.version
  FROM unmet u
  CROSS JOIN asked
  LEFT JOIN record_citations rc ON rc."table" = 'absences' AND rc.record = u.absence
  WHERE u.finding = 'not_established'
  UNION ALL
  -- Jurisdictions where nothing is met and nothing is left open; the note says what each group has.
  SELECT
    asked.as_of,
    p.jurisdiction,
    p.jurisdiction_name,
    'No written rules recorded for this day are met.'
      || CASE
        WHEN asked.as_of < asked.complete_from THEN
          ' The dataset answers every day only from ' || asked.complete_from || ' on.'
        ELSE ''
      END,
    'none',
    NULL, -- population
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- program to income_limit_pct_fpl
    round(p.pct, 1),
    p.poverty_guideline,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, -- enrollment to area
    NULL, NULL, NULL, NULL, -- valid_from to uncertain
    (
      SELECT group_concat(x.said, '; ')
      FROM (
        SELECT
          u.population || ': '
            || CASE u.finding WHEN 'none' THEN 'none' ELSE 'rules not met' END AS said
        FROM unmet u
        WHERE u.jurisdiction = p.jurisdiction
        ORDER BY u.population
      ) x
    ),
    NULL, -- coverage
    (
      SELECT MIN(rc.last_checked)
      FROM unmet u
      JOIN record_citations rc ON rc."table" = 'absences' AND rc.record = u.absence
      WHERE u.jurisdiction = p.jurisdiction
    ),
    (
      SELECT group_concat(x.citations, '; ')
      FROM (
        SELECT rc.citations
        FROM unmet u
        JOIN record_citations rc ON rc."table" = 'absences' AND rc.record = u.absence
        WHERE u.jurisdiction = p.jurisdiction
        GROUP BY rc.citations
        ORDER BY MIN(u.absence)
      ) x
    ),
    asked.data_through,
    asked.version
  FROM places p
  CROSS JOIN asked
  WHERE NOT EXISTS (SELECT 1 FROM met m WHERE m.jurisdiction = p.jurisdiction)
    AND NOT EXISTS (
      SELECT 1
      FROM unmet u
      WHERE u.jurisdiction = p.jurisdiction AND u.finding = 'not_established'
    )
)
SELECT *
FROM answers
ORDER BY
  jurisdiction,
  CASE
    WHEN program IS NULL THEN 5
    WHEN benefit_scope IN ('partial', 'premium_subsidy') THEN 3
    WHEN enrollment = 'closed_to_new' THEN 2
    WHEN enrollment = 'capped' THEN 1
    ELSE 0
  END,
  population,
  program,
  age_min NULLS FIRST
