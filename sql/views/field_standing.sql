-- How firmly each cited field of each record is known. An empty `field` is the record as a whole.
-- The rule: disputed where a source contradicts it and the doubt remains, reported where only
-- third-hand sources support it, established otherwise. `reason` is what the first source against
-- it says, and `last_checked` the day of the last look at any source of the field.
CREATE VIEW field_standing AS
SELECT
  c."table",
  c.record,
  COALESCE(c.field, '') AS field,
  CASE
    WHEN MAX(CASE WHEN c.relation = 'contradicts' THEN 1 ELSE 0 END) = 1 THEN 'disputed'
    WHEN MIN(
      CASE
        WHEN c.relation <> 'supports' THEN NULL
        WHEN s.reliability = 'third_hand' THEN 1
        ELSE 0
      END
    ) = 1 THEN 'reported'
    ELSE 'established'
  END AS standing,
  MIN(CASE WHEN c.relation = 'contradicts' THEN c.note END) AS reason,
  MAX(c.checked_on) AS last_checked
FROM citations c
JOIN sources s ON s.source = c.source
GROUP BY c."table", c.record, COALESCE(c.field, '')
