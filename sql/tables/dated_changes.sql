-- Everything that has a date: coverage that starts, changes or ends, roles, and events; past and
-- scheduled. Last step from rows to dated changes: the day, the place and what is in doubt join the
-- words. `in_words` can be read aloud, and `change` is the key of the entry in feeds.
-- This is a table, made once by the build, because it is the same for every reader.
CREATE TABLE dated_changes (
  date TEXT NOT NULL,
  date_precision TEXT NOT NULL,
  kind TEXT NOT NULL,
  jurisdiction TEXT,
  court_case TEXT,
  population TEXT,
  populations TEXT,
  ages TEXT,
  title TEXT NOT NULL,
  in_words TEXT NOT NULL,
  summary TEXT,
  standing TEXT NOT NULL,
  uncertain TEXT,
  fields TEXT,
  "table" TEXT NOT NULL,
  record TEXT NOT NULL,
  records TEXT NOT NULL,
  change TEXT PRIMARY KEY
) STRICT;

INSERT INTO dated_changes
WITH doubts AS (
  SELECT
    change,
    group_concat(entry, '; ') AS uncertain,
    group_concat(CASE WHEN standing = 'disputed' THEN label END, ' and ') AS disputed,
    group_concat(CASE WHEN standing = 'reported' THEN label END, ' and ') AS reported
  FROM (
    SELECT
      e.change,
      d.entry,
      d.standing,
      -- The row as a whole need not be named where a field is.
      CASE
        WHEN d.field = '' AND COUNT(*) OVER (PARTITION BY e.change) > 1 THEN NULL
        ELSE d.label
      END AS label
    FROM change_entries e
    JOIN coverage_doubt_fields d ON e."table" = 'coverage' AND d.coverage = e.record
    -- Only doubts about what changes, and about the day.
    WHERE d.field IN ('', CASE WHEN e.kind = 'coverage_ends' THEN 'valid_to' ELSE 'valid_from' END)
      OR instr(' ' || e.fields || ' ', ' ' || d.field || ' ') > 0
      OR (d.field = 'benefits' AND instr(' ' || e.fields || ' ', ' benefit_scope ') > 0)
      OR (d.field IN ('age_min', 'age_max', 'enrollment') AND e.kind = 'coverage_starts')
    ORDER BY e.change, d.position
  ) o
  GROUP BY change
),
months (month, name) AS (
  VALUES
    ('01', 'January'),
    ('02', 'February'),
    ('03', 'March'),
    ('04', 'April'),
    ('05', 'May'),
    ('06', 'June'),
    ('07', 'July'),
    ('08', 'August'),
    ('09', 'September'),
    ('10', 'October'),
    ('11', 'November'),
    ('12', 'December')
)
SELECT
  e.date,
  e.date_precision,
  e.kind,
  e.jurisdiction,
  e.court_case,
  e.population,
  e.populations,
  e.ages,
  e.title,
  CASE e.date_precision
    WHEN 'year' THEN substr(e.date, 1, 4) || ' (day and month unknown)'
    WHEN 'month' THEN m.name || ' ' || substr(e.date, 1, 4) || ' (day unknown)'
    ELSE
      m.name || ' ' || CAST(substr(e.date, 9) AS INTEGER) || ', ' || substr(e.date, 1, 4)
  END
  || COALESCE(', ' || j.name, '')
  || ': '
  || e.in_words
  || COALESCE(' Sources disagree on ' || d.disputed || '.', '')
  || COALESCE(' Known from third-hand sources only: ' || d.reported || '.', ''),
  e.summary,
  CASE
    WHEN d.disputed IS NOT NULL THEN 'disputed'
    WHEN d.reported IS NOT NULL AND e.standing = 'established' THEN 'reported'
    ELSE e.standing
  END,
  d.uncertain,
  e.fields,
  e."table",
  e.record,
  e.records,
  e.change
FROM change_entries e
JOIN months m ON m.month = substr(e.date, 6, 2)
LEFT JOIN jurisdictions j ON j.jurisdiction = e.jurisdiction
LEFT JOIN doubts d ON d.change = e.change
ORDER BY e.date, e.kind, e.title, e."table", e.record;

CREATE INDEX dated_changes_of ON dated_changes (jurisdiction, date);
CREATE INDEX dated_changes_on ON dated_changes (date);
