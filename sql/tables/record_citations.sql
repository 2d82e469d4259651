-- The citations of each record as one short text, best sources first: title (publisher), locators. At most four sources for it and
-- two against it are named; evidence_for has them all. A table, made once at build, since every answer carries this text.
CREATE TABLE record_citations AS
WITH per_source AS (
  SELECT "table", record, source, relation, group_concat(locator, ', ') AS locators
  FROM (SELECT DISTINCT "table", record, source, relation, locator FROM citations
        ORDER BY "table", record, source, relation, locator)
  GROUP BY "table", record, source, relation
),
ranked AS (
  SELECT c."table", c.record, c.relation, s.source,
         CASE c.relation WHEN 'contradicts' THEN 'against: ' ELSE '' END
           || s.title || COALESCE(' (' || s.publisher || ')', '') || ', '
           || CASE WHEN length(c.locators) > 120 THEN 'several places' ELSE c.locators END AS line,
         ROW_NUMBER() OVER (PARTITION BY c."table", c.record, c.relation
           ORDER BY CASE s.reliability WHEN 'primary' THEN 1 WHEN 'secondary' THEN 2 ELSE 3 END, c.source) AS place,
         COUNT(*) OVER (PARTITION BY c."table", c.record) AS sources
  FROM per_source c JOIN sources s ON s.source = c.source
)
SELECT "table", record,
       group_concat(line, '; ') || CASE WHEN MAX(sources) > COUNT(*) THEN '; and ' || (MAX(sources) - COUNT(*)) || ' more' ELSE '' END AS citations
FROM (SELECT * FROM ranked WHERE place <= CASE relation WHEN 'supports' THEN 4 ELSE 2 END ORDER BY "table", record, relation DESC, place)
GROUP BY "table", record;

CREATE UNIQUE INDEX idx_record_citations ON record_citations ("table", record);
