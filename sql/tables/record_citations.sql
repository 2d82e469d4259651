-- The citations of each record as one short text, best sources first: title (publisher), locators. At most four sources for it and
-- two against it are named; evidence_for has them all. A table, made once at build, since every answer carries this text.
CREATE TABLE record_citations AS
WITH per_source AS (
  SELECT "table", record, relation, source, group_concat(locator, ', ') AS locators
  FROM (SELECT "table", record, relation, source, locator FROM citations GROUP BY 1, 2, 3, 4, 5)
  GROUP BY 1, 2, 3, 4
),
ranked AS (
  SELECT c."table", c.record, c.relation, c.locators, s.title, s.publisher,
         ROW_NUMBER() OVER (PARTITION BY c."table", c.record, c.relation = 'contradicts'
           ORDER BY CASE s.reliability WHEN 'primary' THEN 1 WHEN 'secondary' THEN 2 ELSE 3 END, c.source) AS place
  FROM per_source c JOIN sources s ON s.source = c.source
),
named AS (
  SELECT "table", record, CASE WHEN place <= CASE relation WHEN 'supports' THEN 4 ELSE 2 END THEN
           CASE relation WHEN 'contradicts' THEN 'against: ' ELSE '' END || title || COALESCE(' (' || publisher || ')', '') || ', '
           || CASE WHEN length(locators) > 120 THEN 'several places' ELSE locators END END AS line
  FROM ranked
)
SELECT "table", record,
       group_concat(line, '; ') || CASE WHEN COUNT(*) > COUNT(line) THEN '; and ' || (COUNT(*) - COUNT(line)) || ' more' ELSE '' END AS citations
FROM named
GROUP BY "table", record;

CREATE UNIQUE INDEX idx_record_citations ON record_citations ("table", record);
