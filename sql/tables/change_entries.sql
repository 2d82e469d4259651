-- What changes, one row for each entry of a list: second step from rows to dated changes. Bands of
-- ages and populations of one program that change alike on one day are one entry. Roles and events
-- come with their own titles. Titles do not call help with premiums, or care of some kinds only,
-- coverage, and they say when a program takes only some immigration statuses.
CREATE TEMP TABLE change_entries AS
WITH
-- A phrase that both pairs of a band give is about all. Else it names its people, where the rule
-- goes on both for new people and for those already enrolled.
phrases AS (
  SELECT
    f.program,
    f.population,
    f.day,
    f.age_min,
    f.age_max,
    MIN(f.record) AS record,
    f.position,
    MAX(f.field) AS field,
    MAX(f.detail) AS detail,
    f.phrase
    || CASE
      WHEN COUNT(*) > 1 OR MAX(f.takes_new) IS NULL THEN ''
      WHEN MAX(c.new_after) IS NULL OR MAX(c.old_after) IS NULL THEN ''
      WHEN MAX(f.takes_new) = 1 THEN ' for new applicants'
      ELSE ' for those already enrolled'
    END AS phrase
  FROM change_phrases f
  JOIN change_bands c ON c.program = f.program
    AND c.population = f.population
    AND c.day = f.day
    AND c.age_min = f.age_min
  GROUP BY f.program, f.population, f.day, f.age_min, f.age_max, f.position, f.phrase
),
numbered AS (
  SELECT
    p.*,
    ROW_NUMBER() OVER (
      PARTITION BY program, population, day, age_min ORDER BY position, phrase
    ) AS n,
    COUNT(*) OVER (PARTITION BY program, population, day, age_min) AS last
  FROM phrases p
),
-- Each band with all that is said of it, and what of its row belongs to the sentence.
bands AS (
  SELECT
    s.program,
    s.population,
    s.day,
    s.age_min,
    s.age_max,
    s.record,
    s.said,
    s.fields,
    s.position,
    r.standing,
    r.note,
    CASE WHEN s.fields = 'valid_to' THEN 'day' ELSE r.valid_from_precision END AS day_precision,
    CASE
      WHEN s.fields = 'valid_to' THEN 'coverage_ends'
      WHEN s.fields = 'valid_from' AND s.said NOT LIKE 'changes %' THEN 'coverage_starts'
      ELSE 'coverage_changes'
    END AS kind,
    CASE r.benefit_scope
      WHEN 'premium_subsidy' THEN 'help with premiums only'
      WHEN 'partial' THEN 'some kinds of care only: ' || r.kinds_of_care
      ELSE ''
    END AS scope,
    -- Details, or where no field shows the change, the first sentence of the note.
    s.details
    || CASE
      WHEN s.said NOT LIKE 'changes its rules%' OR r.note IS NULL THEN ''
      WHEN instr(r.note, '. ') > 0 THEN ' Note: ' || substr(r.note, 1, instr(r.note, '. '))
      ELSE ' Note: ' || rtrim(r.note, '.') || '.'
    END AS remark
  FROM (
    SELECT
      program,
      population,
      day,
      age_min,
      age_max,
      MIN(record) AS record,
      MIN(position) AS position,
      group_concat(
        CASE WHEN n = 1 THEN '' WHEN n = last THEN ' and ' ELSE ', ' END || phrase, ''
      ) AS said,
      group_concat(detail, '') AS details,
      group_concat(field, ' ') AS fields
    FROM (SELECT * FROM numbered ORDER BY program, population, day, age_min, n) o
    GROUP BY program, population, day, age_min, age_max
  ) s
  JOIN change_rows r ON r.coverage = s.record
),
-- Bands next to each other that change alike are one range.
islands AS (
  SELECT
    q.*,
    SUM(begins) OVER (PARTITION BY program, population, day, said, scope, remark ORDER BY age_min)
      AS island
  FROM (
    SELECT
      b.*,
      CASE
        WHEN age_min = LAG(age_max) OVER (
          PARTITION BY program, population, day, said, scope, remark ORDER BY age_min
        ) + 1 THEN 0
        ELSE 1
      END AS begins
    FROM bands b
  ) q
),
ranges AS (
  SELECT
    program, population, day, said, scope, remark,
    MIN(age_min) AS age_min,
    MAX(age_max) AS age_max
  FROM islands
  GROUP BY program, population, day, said, scope, remark, island
),
numbered_ranges AS (
  SELECT
    r.*,
    q.label,
    q.core_age_min,
    ROW_NUMBER() OVER (
      PARTITION BY r.program, r.day, r.said, r.scope, r.remark
      ORDER BY COALESCE(q.core_age_min, 999), r.population DESC, r.age_min
    ) AS n,
    COUNT(*) OVER (PARTITION BY r.program, r.day, r.said, r.scope, r.remark) AS last,
    ROW_NUMBER() OVER (
      PARTITION BY r.program, r.day, r.said, r.scope, r.remark, r.population ORDER BY r.age_min
    ) AS of_population
  FROM ranges r
  JOIN populations q ON q.population = r.population
),
together AS (
  SELECT
    program, day, said, scope, remark,
    group_concat(
      CASE WHEN n = 1 THEN '' WHEN n = last THEN ' and ' ELSE ', ' END
      || lower(label)
      || CASE
        WHEN age_max = 120 AND age_min IN (0, core_age_min) THEN ''
        WHEN age_min = 0 THEN ' under ' || (age_max + 1)
        WHEN age_max = 120 THEN ' ' || age_min || ' and over'
        WHEN age_min = age_max THEN ' aged ' || age_min
        ELSE ' ' || age_min || ' to ' || age_max
      END,
      ''
    ) AS whom,
    group_concat(
      population || CASE
        WHEN age_min = 0 AND age_max = 120 THEN ''
        WHEN age_max = 120 THEN ' ' || age_min || '+'
        WHEN age_min = age_max THEN ' ' || age_min
        ELSE ' ' || age_min || '-' || age_max
      END,
      '; '
    ) AS ages,
    MIN(CASE WHEN n = 1 THEN population END) AS population,
    group_concat(CASE WHEN of_population = 1 THEN population END, ' ') AS populations
  FROM (SELECT * FROM numbered_ranges ORDER BY program, day, said, scope, remark, n) o
  GROUP BY program, day, said, scope, remark
),
-- The rows of an entry, the first of them first: it gives the entry its key and its note.
records AS (
  SELECT
    b.*,
    ROW_NUMBER() OVER (
      PARTITION BY b.program, b.day, b.said, b.scope, b.remark
      ORDER BY COALESCE(q.core_age_min, 999), b.population DESC, b.age_min
    ) AS n,
    ROW_NUMBER() OVER (
      PARTITION BY b.program, b.day, b.said, b.scope, b.remark, b.record ORDER BY b.age_min
    ) = 1 AS is_first
  FROM bands b
  JOIN populations q ON q.population = b.population
),
firsts AS (
  SELECT
    program, day, said, scope, remark,
    MAX(CASE WHEN n = 1 THEN record END) AS record,
    MAX(CASE WHEN n = 1 THEN note END) AS note,
    MAX(CASE WHEN n = 1 THEN age_min END) AS age_min,
    MAX(kind) AS kind,
    MAX(fields) AS fields,
    MIN(position) AS position,
    MAX(day_precision) AS day_precision,
    CASE
      WHEN SUM(standing = 'disputed') > 0 THEN 'disputed'
      WHEN SUM(standing = 'reported') > 0 THEN 'reported'
      ELSE 'established'
    END AS standing,
    group_concat(CASE WHEN is_first THEN record END, ' ') AS records
  FROM (SELECT * FROM records ORDER BY program, day, said, scope, remark, n) r
  GROUP BY program, day, said, scope, remark
),
-- A name without what stands in parentheses at its end, unless two programs would be called alike.
names AS (
  SELECT
    program,
    CASE
      WHEN COUNT(*) OVER (PARTITION BY jurisdiction, short) = 1 THEN short
      ELSE name
    END AS name
  FROM (
    SELECT
      program,
      jurisdiction,
      name,
      CASE
        WHEN name LIKE '_% (%)' THEN substr(name, 1, instr(name, ' (') - 1)
        ELSE name
      END AS short
    FROM programs
  ) s
)
SELECT
  f.day AS date,
  f.day_precision AS date_precision,
  f.kind,
  g.jurisdiction,
  NULL AS court_case,
  t.population,
  t.populations,
  t.ages,
  n.name
  || CASE
    WHEN f.position = 0 THEN ': ' || replace(f.said, '@', t.whom)
    ELSE ', ' || t.whom || ': ' || f.said
  END
  || CASE WHEN q.kept = '' THEN '' ELSE ' (' || q.kept || ')' END AS title,
  n.name
  || CASE WHEN q.kept = '' THEN ' ' ELSE ' (' || q.kept || ') ' END
  || CASE
    WHEN f.position = 0 THEN replace(f.said, '@', t.whom)
    ELSE f.said || ', for ' || t.whom
  END
  || '.'
  || CASE
    WHEN f.said LIKE 'stops taking new people%' AND f.said NOT LIKE '% lowers its income limit %'
      THEN ' People already in keep it.'
    ELSE ''
  END
  || f.remark AS in_words,
  f.note AS summary,
  f.standing,
  f.fields,
  'coverage' AS "table",
  f.record,
  f.records,
  -- Nearly every record has one entry of a kind. Another one counts on: start-2.
  'coverage/' || f.record || CASE f.kind WHEN 'coverage_ends' THEN '/end' ELSE '/start' END
  || COALESCE(
    '-' || NULLIF(
      ROW_NUMBER() OVER (
        PARTITION BY f.record, f.kind = 'coverage_ends' ORDER BY f.age_min, f.said
      ),
      1
    ),
    ''
  ) AS change
FROM firsts f
JOIN together t ON t.program = f.program
  AND t.day = f.day
  AND t.said = f.said
  AND t.scope = f.scope
  AND t.remark = f.remark
JOIN programs g ON g.program = f.program
JOIN names n ON n.program = f.program
JOIN (
  SELECT
    x.program,
    x.scope,
    x.scope || CASE WHEN x.scope <> '' AND y.statuses <> '' THEN '; ' ELSE '' END || y.statuses
      AS kept
  FROM (SELECT DISTINCT program, scope FROM firsts) x
  JOIN (
    SELECT
      program,
      CASE status_scope
        WHEN 'lawfully_present' THEN 'lawfully present noncitizens only'
        WHEN 'listed_statuses' THEN 'listed immigration statuses only'
        ELSE ''
      END AS statuses
    FROM programs
  ) y ON y.program = x.program
) q ON q.program = f.program AND q.scope = f.scope
UNION ALL
SELECT
  r.valid_from,
  r.valid_from_precision,
  'role',
  r.jurisdiction,
  r.court_case,
  NULL,
  NULL,
  NULL,
  r.party || ': ' || r.role || ' in ' || s.caption,
  r.party || ' becomes ' || replace(r.role, '_', ' ') || ' in ' || s.caption || '.',
  r.note,
  r.standing,
  NULL,
  'roles',
  r.role_id,
  r.role_id,
  'roles/' || r.role_id || '/start'
FROM roles r
JOIN cases s ON s.court_case = r.court_case
WHERE r.role <> 'none_found'
UNION ALL
SELECT
  e.date,
  e.date_precision,
  e.kind,
  e.jurisdiction,
  e.court_case,
  NULL,
  NULL,
  NULL,
  e.title,
  rtrim(e.title, '.') || COALESCE(' (' || s.caption || ')', '') || '.',
  e.summary,
  e.standing,
  NULL,
  'events',
  e.event,
  e.event,
  'events/' || e.event || '/start'
FROM events e
LEFT JOIN cases s ON s.court_case = e.court_case;
