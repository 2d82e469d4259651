-- The citations of each record as one short text, best sources first: title (publisher), locators.
-- A table, made once at build, since every answer carries this text.
CREATE TABLE record_citations AS
SELECT "table", record, group_concat(line, '; ') AS citations
FROM (
  SELECT c."table", c.record,
         CASE c.relation WHEN 'contradicts' THEN 'against: ' ELSE '' END
           || s.title || COALESCE(' (' || s.publisher || ')', '') || ', ' || c.locators AS line
  FROM (
    SELECT "table", record, source, relation, group_concat(locator, ', ') AS locators
    FROM (SELECT DISTINCT "table", record, source, relation, locator FROM citations
          ORDER BY "table", record, source, relation, locator)
    GROUP BY "table", record, source, relation
  ) c
  JOIN sources s ON s.source = c.source
  ORDER BY c."table", c.record, c.relation DESC,
           CASE s.reliability WHEN 'primary' THEN 1 WHEN 'secondary' THEN 2 ELSE 3 END, c.source
)
GROUP BY "table", record;

CREATE UNIQUE INDEX idx_record_citations ON record_citations ("table", record);
