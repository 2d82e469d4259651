-- title: What is not known on a date?
-- description: >-
--   Open questions. Answers that we could not confirm, with where to look next; fields of coverage
--   that are disputed or known from third-hand sources only, with the reason; and other rows that
--   are not established. For days before the dataset answers every day (complete_from in the table
--   dataset) one row says how many are not recorded; coverage_on shows which.
-- position: 9
-- parameters:
--   as_of: date

-- Each row is one question: `subject` says of whom or what, `in_words` what is open, `note` why. A
-- field that is as doubtful as the whole row has no row of its own. A day before the dataset is
-- complete has one row more, without a record: for how many groups nothing is recorded.
WITH asked AS (
  SELECT
    COALESCE(NULLIF(:as_of, ''), data_through) AS as_of,
    data_through,
    complete_from,
    version
  FROM dataset
),
-- How many groups have neither a program nor an absence on the day.
unrecorded AS (
  SELECT COUNT(*) AS pairs
  FROM jurisdictions j
  CROSS JOIN populations p
  CROSS JOIN asked
  WHERE asked.as_of < asked.complete_from
    AND NOT EXISTS (
      SELECT 1
      FROM coverage_rules r
      WHERE r.jurisdiction = j.jurisdiction
        AND r.population = p.population
        AND r.status_scope = 'any_status'
        AND r.valid_from <= asked.as_of
        AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
    )
    AND NOT EXISTS (
      SELECT 1
      FROM absences a
      WHERE a.jurisdiction = j.jurisdiction
        AND a.population = p.population
        AND a.valid_from <= asked.as_of
        AND (a.valid_to IS NULL OR asked.as_of < a.valid_to)
    )
),
asked_rows AS (
  SELECT
    a.*,
    CASE
      WHEN a.low IS NULL AND a.high IS NULL THEN ''
      WHEN a.low = a.high THEN ', age ' || a.low
      WHEN a.high IS NULL THEN ', ages ' || a.low || ' and over'
      ELSE ', ages ' || COALESCE(a.low, 0) || ' to ' || a.high
    END AS ages
  FROM (
    SELECT
      'absences' AS "table",
      x.absence AS record,
      x.jurisdiction,
      p.label AS subject,
      CASE WHEN x.age_max IS NULL THEN x.age_min ELSE COALESCE(x.age_min, p.core_age_min, 0) END
        AS low,
      CASE WHEN x.age_min IS NULL THEN x.age_max ELSE COALESCE(x.age_max, p.core_age_max) END
        AS high,
      x.finding AS standing,
      x.note,
      x.look_next
    FROM absences x
    JOIN populations p ON p.population = x.population
    CROSS JOIN asked
    WHERE x.finding = 'not_established'
      AND x.valid_from <= asked.as_of
      AND (x.valid_to IS NULL OR asked.as_of < x.valid_to)
    UNION ALL
    SELECT
      'coverage',
      r.coverage,
      r.jurisdiction,
      r.name || ', ' || lower(p.label),
      r.age_min,
      r.age_max,
      r.standing,
      r.note,
      NULL
    FROM coverage_rules r
    JOIN populations p ON p.population = r.population
    CROSS JOIN asked
    WHERE r.valid_from <= asked.as_of
      AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
  ) a
),
open AS (
  SELECT
    g."table",
    g.record,
    NULL AS field,
    g.jurisdiction,
    g.subject || g.ages AS subject,
    g.low AS age_min,
    g.high AS age_max,
    CASE g.standing
      WHEN 'not_established' THEN
        'We could not confirm whether there is coverage regardless of immigration status.'
      WHEN 'disputed' THEN 'Sources disagree on the rules as a whole.'
      WHEN 'alleged' THEN 'One party says that these are the rules.'
      ELSE 'The rules are known from third-hand sources only.'
    END AS in_words,
    g.standing,
    COALESCE(f.reason, g.note) AS note,
    g.look_next,
    f.last_checked
  FROM asked_rows g
  LEFT JOIN coverage_doubt_fields f ON f.coverage = g.record AND f.field = ''
  WHERE g.standing <> 'established'
  UNION ALL
  SELECT
    g."table",
    g.record,
    f.field,
    g.jurisdiction,
    g.subject || g.ages,
    g.low,
    g.high,
    CASE f.standing
      WHEN 'disputed' THEN 'Sources disagree on '
      ELSE 'Known from third-hand sources only: '
    END || f.label || '.',
    f.standing,
    f.reason,
    NULL,
    f.last_checked
  FROM asked_rows g
  JOIN coverage_doubt_fields f ON f.coverage = g.record AND f.field <> '' AND f.is_told = 1
  UNION ALL
  SELECT
    d."table",
    d.record,
    NULL,
    d.jurisdiction,
    d.subject,
    NULL,
    NULL,
    CASE d.standing
      WHEN 'disputed' THEN 'Sources disagree on ' || d.kind || '.'
      WHEN 'alleged' THEN 'Known as the word of one party only: ' || d.kind || '.'
      ELSE 'Known from third-hand sources only: ' || d.kind || '.'
    END,
    d.standing,
    d.note,
    NULL,
    NULL
  FROM (
    SELECT
      'roles' AS "table",
      r.role_id AS record,
      r.jurisdiction,
      r.party || ', ' || c.caption AS subject,
      'this role in the case' AS kind,
      r.standing,
      r.note
    FROM roles r
    JOIN cases c ON c.court_case = r.court_case
    CROSS JOIN asked
    WHERE r.standing <> 'established'
      AND r.valid_from <= asked.as_of
      AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
    UNION ALL
    SELECT
      'events',
      e.event,
      e.jurisdiction,
      e.title,
      'this event',
      e.standing,
      e.summary
    FROM events e
    CROSS JOIN asked
    WHERE e.standing <> 'established'
      AND e.date <= asked.as_of
  ) d
  UNION ALL
  SELECT
    NULL,
    NULL,
    NULL,
    NULL,
    'Coverage',
    NULL,
    NULL,
    'Nothing is recorded on this day for ' || u.pairs || ' of '
      || (SELECT COUNT(*) FROM jurisdictions CROSS JOIN populations)
      || ' groups of people by jurisdiction.',
    'not_established',
    'Nothing is recorded on this day for ' || u.pairs || ' of '
      || (SELECT COUNT(*) FROM jurisdictions CROSS JOIN populations)
      || ' groups of people by jurisdiction, which are not listed one by one. '
      || 'The dataset answers every day from ' || asked.complete_from || ' on.',
    NULL,
    NULL
  FROM unrecorded u
  CROSS JOIN asked
  WHERE u.pairs > 0
)
SELECT
  asked.as_of,
  o.jurisdiction,
  j.name AS jurisdiction_name,
  o."table",
  o.record,
  o.field,
  o.subject,
  o.age_min,
  o.age_max,
  o.in_words,
  o.standing,
  o.note,
  o.look_next,
  COALESCE(o.last_checked, rc.last_checked) AS last_checked,
  COALESCE(
    rc.citations,
    CASE
      WHEN o.record IS NULL THEN 'No source: nothing is recorded'
      ELSE 'No source: searched without result'
    END
  ) AS citations,
  asked.data_through,
  asked.version AS dataset_version
FROM open o
CROSS JOIN asked
LEFT JOIN jurisdictions j ON j.jurisdiction = o.jurisdiction
LEFT JOIN record_citations rc ON rc."table" = o."table" AND rc.record = o.record
ORDER BY
  o.record IS NOT NULL,
  o.jurisdiction IS NULL,
  j.name,
  o."table",
  o.record,
  o.field NULLS FIRST
